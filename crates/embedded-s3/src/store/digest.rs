//! MD5 for the ETag, and the checksums that clients send along.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>

use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use serde::{Deserialize, Serialize};

/// The checksum algorithms of S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// As in `x-amz-checksum-algorithm`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header or trailer that carries the value.
    pub(crate) const fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// Reads the value of `x-amz-checksum-algorithm`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }
}

/// What a checksum of an object that was uploaded in parts is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ChecksumKind {
    /// Of all bytes.
    FullObject,
    /// Of the checksums of the parts.
    Composite,
}

impl ChecksumKind {
    /// As in `x-amz-checksum-type`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::FullObject => "FULL_OBJECT",
            Self::Composite => "COMPOSITE",
        }
    }
}

/// A checksum as S3 shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checksum {
    pub(crate) algorithm: Algorithm,
    pub(crate) kind: ChecksumKind,
    /// Base64; for [`ChecksumKind::Composite`] with `-<number of parts>` appended.
    pub(crate) value: String,
}

impl Checksum {
    /// The checksum of the checksums of the parts, which are given as bytes.
    pub(crate) fn composite<'a>(algorithm: Algorithm, parts: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut hasher = Hasher::new(algorithm);
        let mut count = 0;
        for part in parts {
            hasher.update(part);
            count += 1;
        }
        Self {
            algorithm,
            kind: ChecksumKind::Composite,
            value: format!("{}-{count}", base64(&hasher.finalize())),
        }
    }

    /// The checksum of all bytes.
    pub(crate) fn full_object(algorithm: Algorithm, digest: &[u8]) -> Self {
        Self {
            algorithm,
            kind: ChecksumKind::FullObject,
            value: base64(digest),
        }
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

/// The running digests of a body.
pub(crate) struct BodyDigest {
    md5: Md5,
    checksum: Option<(Algorithm, Hasher)>,
}

/// The digests of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digests {
    pub(crate) md5: [u8; 16],
    /// If one was asked for.
    pub(crate) checksum: Option<(Algorithm, Vec<u8>)>,
}

impl BodyDigest {
    pub(crate) fn new(algorithm: Option<Algorithm>) -> Self {
        Self {
            md5: Md5::new(),
            checksum: algorithm.map(|algorithm| (algorithm, Hasher::new(algorithm))),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        if let Some((_, hasher)) = &mut self.checksum {
            hasher.update(bytes);
        }
    }

    pub(crate) fn finalize(self) -> Digests {
        Digests {
            md5: self.md5.finalize(),
            checksum: self.checksum.map(|(algorithm, hasher)| (algorithm, hasher.finalize())),
        }
    }
}

impl Digests {
    /// The ETag of an object that was uploaded in one piece: the MD5 of its bytes in hexadecimal.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>
    pub(crate) fn etag(&self) -> String {
        hex(&self.md5)
    }
}

/// The ETag of an object that was uploaded in parts: the MD5 of the MD5s of its parts, and how many there were.
pub(crate) fn multipart_etag(parts: &[[u8; 16]]) -> String {
    let digest = Md5::checksum(parts.as_flattened());
    format!("{}-{}", hex(&digest), parts.len())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// One of the algorithms at work. (The hashers of `s3s` share a trait that cannot be made an object.)
enum Hasher {
    Crc32(Crc32),
    Crc32c(Crc32c),
    Crc64Nvme(Crc64Nvme),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Hasher {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Crc32 => Self::Crc32(Crc32::new()),
            Algorithm::Crc32c => Self::Crc32c(Crc32c::new()),
            Algorithm::Crc64Nvme => Self::Crc64Nvme(Crc64Nvme::new()),
            Algorithm::Sha1 => Self::Sha1(Sha1::new()),
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc32(hasher) => hasher.update(bytes),
            Self::Crc32c(hasher) => hasher.update(bytes),
            Self::Crc64Nvme(hasher) => hasher.update(bytes),
            Self::Sha1(hasher) => hasher.update(bytes),
            Self::Sha256(hasher) => hasher.update(bytes),
        }
    }

    fn finalize(self) -> Vec<u8> {
        match self {
            Self::Crc32(hasher) => hasher.finalize().to_vec(),
            Self::Crc32c(hasher) => hasher.finalize().to_vec(),
            Self::Crc64Nvme(hasher) => hasher.finalize().to_vec(),
            Self::Sha1(hasher) => hasher.finalize().to_vec(),
            Self::Sha256(hasher) => hasher.finalize().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_are_md5_in_hexadecimal() {
        let mut digest = BodyDigest::new(Some(Algorithm::Crc32));
        digest.update(b"hel");
        digest.update(b"lo");
        let digests = digest.finalize();
        assert_eq!(digests.etag(), "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(digests.checksum, Some((Algorithm::Crc32, vec![0x36, 0x10, 0xa6, 0x86])));
    }

    /// `md5(md5("hello") + md5("world"))`, computed with Python's hashlib.
    #[test]
    fn the_etag_of_parts_is_the_md5_of_their_md5s() {
        let parts = [Md5::checksum(b"hello"), Md5::checksum(b"world")];
        assert_eq!(multipart_etag(&parts), MULTIPART_ETAG_OF_HELLO_AND_WORLD);
    }

    const MULTIPART_ETAG_OF_HELLO_AND_WORLD: &str = "065947336a2f2a95ba8899f3675c3be6-2";

    #[test]
    fn hexadecimal_comes_back() {
        assert_eq!(unhex(&hex(&[0, 1, 0xab, 0xff])), Some(vec![0, 1, 0xab, 0xff]));
        assert_eq!(unhex("0"), None);
        assert_eq!(unhex("zz"), None);
    }
}
