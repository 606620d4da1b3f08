//! The credentials of the local S3, which stay the same over restarts: what a person pasted into a shell goes on working.

use std::io;
use std::path::Path;

use embedded_s3::Credentials;
use serde::{Deserialize, Serialize};

use super::own_folder;

#[derive(Serialize, Deserialize)]
struct Kept {
    access_key_id: String,
    secret_access_key: String,
}

/// Those of the folder; the first time, new ones.
pub(super) fn kept(data: &Path) -> io::Result<Credentials> {
    let path = own_folder::path(data, "credentials.json");
    if let Some(kept) = own_folder::read::<Kept>(&path)? {
        return Ok(Credentials {
            access_key_id: kept.access_key_id,
            secret_access_key: kept.secret_access_key,
        });
    }
    let new = Credentials::random()?;
    let kept = Kept {
        access_key_id: new.access_key_id.clone(),
        secret_access_key: new.secret_access_key.clone(),
    };
    own_folder::write(&path, &kept)?;
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_stay_the_same_for_a_folder() {
        let data = tempfile::tempdir().unwrap();
        let first = kept(data.path()).unwrap();
        assert_eq!(kept(data.path()).unwrap(), first);
        assert_ne!(kept(tempfile::tempdir().unwrap().path()).unwrap(), first);
    }
}
