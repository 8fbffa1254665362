"""The twelve two-dimensional sets of MedMNIST v2, a card each."""

from whatwhere.data.sources.card import DataCard

MEDMNIST_CITATION = (
    "Yang, Shi, Wei, Liu, Zhao, Ke, Pfister and Ni. MedMNIST v2 - A large-scale lightweight "
    "benchmark for 2D and 3D biomedical image classification. Scientific Data 10, 41 (2023), "
    "doi 10.1038/s41597-022-01721-8."
)
MEDMNIST_ADDRESS = "https://zenodo.org/records/10519652/files/{}.npz"
ORGANS = (
    "bladder", "femur-left", "femur-right", "heart", "kidney-left", "kidney-right", "liver",
    "lung-left", "lung-right", "pancreas", "spleen",
)  # fmt: skip


def _medmnist_card(
    title: str,
    channels: int,
    splits: tuple[int, int, int],
    md5: str,
    classes: tuple[str, ...],
    *,
    source: str,
    licence: str = "CC BY 4.0",
    allow_flip: bool = True,
    multi_label: bool = False,
) -> DataCard:
    name = title.lower()
    return DataCard(
        name=name,
        family="medmnist",
        title=title,
        classes=classes,
        channels=channels,
        splits=splits,
        licence=licence,
        citation=MEDMNIST_CITATION,
        address=MEDMNIST_ADDRESS.format(name),
        md5=md5,
        allow_flip=allow_flip,
        source=source,
        multi_label=multi_label,
    )


# Class names and split sizes as in the medmnist package, MD5 of the 28 x 28 files of release 3.
MEDMNIST_CARDS = (
    _medmnist_card(
        "PathMNIST", 3, (89_996, 10_004, 7_180), "a8b06965200029087d5bd730944a56c1",
        ("adipose", "background", "debris", "lymphocytes", "mucus", "smooth muscle",
         "normal colon mucosa", "cancer-associated stroma", "colorectal adenocarcinoma epithelium"),
        source="Colon pathology: Kather et al., PLOS Medicine 16(1) (2019)",
    ),
    _medmnist_card(
        "ChestMNIST", 1, (78_468, 11_219, 22_433), "02c8a6516a18b556561a56cbdd36c4a8",
        ("atelectasis", "cardiomegaly", "effusion", "infiltration", "mass", "nodule", "pneumonia",
         "pneumothorax", "consolidation", "edema", "emphysema", "fibrosis", "pleural", "hernia"),
        source="Chest X-ray, 14 findings: Wang et al., CVPR (2017)",
        multi_label=True,
    ),
    _medmnist_card(
        "DermaMNIST", 3, (7_007, 1_003, 2_005), "0744692d530f8e62ec473284d019b0c7",
        ("actinic keratoses and intraepithelial carcinoma", "basal cell carcinoma",
         "benign keratosis-like lesions", "dermatofibroma", "melanoma", "melanocytic nevi",
         "vascular lesions"),
        source="Dermatoscope: Tschandl et al., Scientific Data 5, 180161 (2018)",
        licence="CC BY-NC 4.0",
    ),
    _medmnist_card(
        "OCTMNIST", 1, (97_477, 10_832, 1_000), "c68d92d5b585d8d81f7112f81e2d0842",
        ("choroidal neovascularization", "diabetic macular edema", "drusen", "normal"),
        source="Retinal OCT: Kermany et al., Cell 172(5) (2018)",
    ),
    _medmnist_card(
        "PneumoniaMNIST", 1, (4_708, 524, 624), "28209eda62fecd6e6a2d98b1501bb15f",
        ("normal", "pneumonia"),
        source="Chest X-ray: Kermany et al., Cell 172(5) (2018)",
    ),
    _medmnist_card(
        "RetinaMNIST", 3, (1_080, 120, 400), "bd4c0672f1bba3e3a89f0e4e876791e4",
        ("grade 0", "grade 1", "grade 2", "grade 3", "grade 4"),
        source="Fundus camera: DeepDRiD challenge (2020)",
    ),
    _medmnist_card(
        "BreastMNIST", 1, (546, 78, 156), "750601b1f35ba3300ea97c75c52ff8f6",
        ("malignant", "normal or benign"),
        source="Breast ultrasound: Al-Dhabyani et al., Data in Brief 28, 104863 (2020)",
    ),
    _medmnist_card(
        "BloodMNIST", 3, (11_959, 1_712, 3_421), "7053d0359d879ad8a5505303e11de1dc",
        ("basophil", "eosinophil", "erythroblast", "immature granulocytes", "lymphocyte",
         "monocyte", "neutrophil", "platelet"),
        source="Blood cell microscope: Acevedo et al., Data in Brief 30, 105474 (2020)",
    ),
    _medmnist_card(
        "TissueMNIST", 1, (165_466, 23_640, 47_280), "ebe78ee8b05294063de985d821c1c34b",
        ("collecting duct, connecting tubule", "distal convoluted tubule",
         "glomerular endothelial cells", "interstitial endothelial cells", "leukocytes",
         "podocytes", "proximal tubule segments", "thick ascending limb"),
        source="Kidney cortex microscope: BBBC051, Ljosa et al., Nature Methods 9(7) (2012)",
    ),
    *(
        _medmnist_card(
            title, 1, splits, md5, ORGANS,
            source=f"Abdominal CT, {view} view: LiTS, Bilic et al. (2019); Xu et al. (2019)",
            allow_flip=False,
        )
        for title, view, splits, md5 in (
            ("OrganAMNIST", "axial", (34_561, 6_491, 17_778), "68e3f8846a6bd62f0c9bf841c0d9eacc"),
            ("OrganCMNIST", "coronal", (12_975, 2_392, 8_216), "b9ceb9546e10131b32923c5bbeaea2b1"),
            ("OrganSMNIST", "sagittal", (13_932, 2_452, 8_827), "9ab87b696fb54e2a387ebe992d6ed5f1"),
        )
    ),
)  # fmt: skip
