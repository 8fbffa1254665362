"""What a run leaves on disk: written atomically, read back without torch."""

from whatwhere.records.failpoints import failpoint
from whatwhere.records.files import (
    as_storage_error,
    remove_stale_temporaries,
    sha256_of,
    write_atomically,
)
from whatwhere.records.ledger import Ledger, is_alive, own_identity
from whatwhere.records.lock import check_writable, folder_lock
from whatwhere.records.run import Run, Trial, damaged_files, read_trial
from whatwhere.records.trial import TrialKey, set_aside, trial_folder, write_trial

__all__ = [
    "Ledger",
    "Run",
    "Trial",
    "TrialKey",
    "as_storage_error",
    "check_writable",
    "damaged_files",
    "failpoint",
    "folder_lock",
    "is_alive",
    "own_identity",
    "read_trial",
    "remove_stale_temporaries",
    "set_aside",
    "sha256_of",
    "trial_folder",
    "write_atomically",
    "write_trial",
]
