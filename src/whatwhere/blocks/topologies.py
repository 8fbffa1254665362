"""The table of wirings: the published rows, the inferred two, and our spatial-first mirrors."""

PAPER = "Liu and Jiang, arXiv 2601.07310 (2026)"
_INFERRED = "inferred: the paper speaks of 18 topologies and its repository lists 16"
_OURS = "ours, not in the paper: the spatial-first mirror of a published channel-first row"

# number, name, family, title, wiring, departures, parameters at 64 channels, counted by hand
TOPOLOGIES = (
    (1, "csa", "sequential", "channel, then spatial", "S(C(x))", "", 1122),
    (2, "sca", "sequential", "spatial, then channel", "C(S(x))", "", 1122),
    (3, "csca", "sequential", "channel, spatial, channel", "C_b(S(C_a(x)))", "", 2146),
    (4, "scsa", "sequential", "spatial, channel, spatial", "S_b(C(S_a(x)))", "", 1220),
    (5, "c_and_sa2", "parallel", "channel and spatial, averaged", "(C(x) + S(x)) / 2", "", 1122),
    (6, "c_and_safa", "parallel", "channel and spatial, learned mix", "mix(C(x), S(x))", "", 1123),
    (7, "bi_csa", "parallel", "both orders, summed", "S(C(x)) + C(S(x))", "", 1122),
    (8, "bi_csafa", "parallel", "both orders, gated per channel against the input",
     "u = S(C(x)) + C(S(x)); channelgate(x, u, by=u)",
     "gate per channel as in the repository; a summary of the paper describes one scalar", 2146),
    (9, "gc_and_sa2", "parallel", "channel and spatial, weighed by two gates", "vote(C(x), S(x))",
     "", 2180),
    (10, "tgpfa", "parallel", "input, channel and spatial, weighed by a gate",
     "choose(x, C(x), S(x))", "", 1669),
    (11, "rcsa", "residual", "input plus channel-then-spatial", "x + S(C(x))", "", 1122),
    (12, "arcsa", "residual", "learned mix of channel-then-spatial and input", "mix(S(C(x)), x)",
     "", 1123),
    (13, "grcsa", "residual", "gate between input and channel-then-spatial",
     "gate(x, S(C(x)), by=x)", "", 1651),
    (14, "c_mssa", "multi-scale", "channel, then three spatial kernels weighed by a gate",
     "f = C(x); choose(S3(f), S5(f), S7(f), by=f)", "", 1737),
    (15, "msc_sa", "multi-scale", "four squeeze ratios weighed by a gate, then spatial",
     "S(choose(C4(x), C8(x), C16(x), C32(x)))",
     "with the width floor of 8, several ratios have equal widths below 256 channels", 5774),
    (16, "c_cmssa", "multi-scale", "channel, then spatial from coarse to fine",
     "S3(S5(S7(C(x))))", "", 1190),
    (17, "ca", "single", "channel alone", "C(x)", _INFERRED, 1024),
    (18, "sa", "single", "spatial alone", "S(x)", _INFERRED, 98),
    (19, "rsca", "mirror", "input plus spatial-then-channel", "x + C(S(x))", _OURS, 1122),
    (20, "arsca", "mirror", "learned mix of spatial-then-channel and input", "mix(C(S(x)), x)",
     _OURS, 1123),
    (21, "grsca", "mirror", "gate between input and spatial-then-channel",
     "gate(x, C(S(x)), by=x)", _OURS, 1651),
    (22, "mss_ca", "mirror", "three spatial kernels weighed by a gate, then channel",
     "C(choose(S3(x), S5(x), S7(x)))", _OURS, 1737),
    (23, "sa_msc", "mirror", "spatial, then four squeeze ratios weighed by a gate",
     "f = S(x); choose(C4(f), C8(f), C16(f), C32(f), by=f)", _OURS, 5774),
    (24, "cmss_ca", "mirror", "spatial from coarse to fine, then channel", "C(S3(S5(S7(x))))",
     _OURS, 1190),
)
PUBLISHED_FAMILIES = ("sequential", "parallel", "residual", "multi-scale", "single")
