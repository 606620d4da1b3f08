//! The users of the server.

use std::fmt;
use std::io;

/// An access key and its secret, with which clients sign their requests.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Sent with every request.
    pub access_key_id: String,
    /// Known to both sides, and never sent.
    pub secret_access_key: String,
}

impl Credentials {
    /// New ones that nobody can guess, in the form of those of AWS.
    ///
    /// # Errors
    /// If the operating system has no random numbers.
    pub fn random() -> io::Result<Self> {
        Ok(Self {
            access_key_id: format!("AKIA{}", random_text(16, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")?),
            secret_access_key: random_text(40, b"abcdefghijklmnopqrstuvwxyz234567")?,
        })
    }
}

/// The secret stays one in logs.
impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// Each character has 5 random bits.
fn random_text(length: usize, alphabet: &[u8; 32]) -> io::Result<String> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes
        .iter()
        .filter_map(|byte| alphabet.get(usize::from(byte % 32)))
        .map(|byte| char::from(*byte))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_credentials_differ_and_are_not_logged() {
        let (one, other) = (Credentials::random().unwrap(), Credentials::random().unwrap());
        assert_ne!(one, other);
        assert_eq!((one.access_key_id.len(), one.secret_access_key.len()), (20, 40));
        assert!(!format!("{one:?}").contains(&one.secret_access_key));
    }
}
