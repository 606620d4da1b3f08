//! Conditional requests: If-Match and its kin.

use crate::clock::whole_seconds;
use crate::store::{Record, StoreError};
use s3s::dto::{ETagCondition, Timestamp};
use s3s::{S3Result, s3_error};
use std::io;
use time::OffsetDateTime;

/// What has to be true for a write or a deletion.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html>
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum WriteCondition {
    #[default]
    None,
    /// `If-None-Match: *`
    Absent,
    /// `If-Match: *`
    Present,
    /// `If-Match`, without quotes.
    Etag(String),
}

impl WriteCondition {
    /// Of PutObject, CopyObject and CompleteMultipartUpload.
    ///
    /// # Errors
    /// 501, as from AWS, for what has no meaning there: another If-None-Match than `*`, If-Match with `*`, and both at once.
    pub(crate) fn for_write(if_match: Option<ETagCondition>, if_none_match: Option<ETagCondition>) -> S3Result<Self> {
        match (if_match, if_none_match) {
            (None, None) => Ok(Self::None),
            (None, Some(ETagCondition::Any)) => Ok(Self::Absent),
            (Some(ETagCondition::ETag(etag)), None) => Ok(Self::Etag(etag.into_value())),
            _ => Err(s3_error!(
                NotImplemented,
                "A header you provided implies functionality that is not implemented"
            )),
        }
    }

    /// Of DeleteObject and of each entry of DeleteObjects.
    pub(crate) fn for_deletion(if_match: Option<ETagCondition>) -> Self {
        match if_match {
            None => Self::None,
            Some(ETagCondition::Any) => Self::Present,
            Some(ETagCondition::ETag(etag)) => Self::Etag(etag.into_value()),
        }
    }

    /// Compares with the object that is there, if any; its ETag is asked for only if it matters.
    ///
    /// # Errors
    /// As AWS has it: what must match something that is not there, is [`StoreError::NoSuchKey`].
    pub(crate) fn check(&self, current: Option<impl FnOnce() -> io::Result<String>>) -> Result<(), StoreError> {
        match (self, current) {
            (Self::None, _) | (Self::Absent, None) | (Self::Present, Some(_)) => Ok(()),
            (Self::Absent, Some(_)) => Err(StoreError::PreconditionFailed {
                condition: "If-None-Match",
            }),
            (Self::Present | Self::Etag(_), None) => Err(StoreError::NoSuchKey),
            (Self::Etag(expected), Some(etag)) => {
                if etag()? == *expected {
                    Ok(())
                } else {
                    Err(StoreError::PreconditionFailed { condition: "If-Match" })
                }
            }
        }
    }
}

/// What has to be true of an object that is read, or copied from.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadConditions {
    pub(crate) if_match: Option<ETagCondition>,
    pub(crate) if_none_match: Option<ETagCondition>,
    pub(crate) if_modified_since: Option<Timestamp>,
    pub(crate) if_unmodified_since: Option<Timestamp>,
}

impl ReadConditions {
    /// In the order of [RFC 9110, section 13.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2), which is S3's too:
    /// an If-Match that holds overrules If-Unmodified-Since, an If-None-Match overrules If-Modified-Since.
    pub(crate) fn check(&self, record: &Record) -> Result<(), StoreError> {
        let last_modified = whole_seconds(record.identity.modified);
        let is_after = |time: &Timestamp| last_modified > OffsetDateTime::from(time.clone());
        let matches = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(etag) => etag.value() == record.etag,
        };
        match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) if !matches(condition) => {
                return Err(StoreError::PreconditionFailed { condition: "If-Match" });
            }
            (None, Some(time)) if is_after(time) => {
                return Err(StoreError::PreconditionFailed {
                    condition: "If-Unmodified-Since",
                });
            }
            _ => {}
        }
        let not_modified = match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) => matches(condition),
            (None, Some(time)) => !is_after(time),
            (None, None) => false,
        };
        if not_modified {
            Err(StoreError::NotModified {
                etag: record.etag.clone(),
                last_modified,
            })
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use s3s::dto::ETag;
    use std::time::{Duration, UNIX_EPOCH};

    fn etag(value: &str) -> Option<ETagCondition> {
        Some(ETagCondition::ETag(ETag::Strong(value.to_owned())))
    }

    fn time(seconds: u64) -> Option<Timestamp> {
        Some((UNIX_EPOCH + Duration::from_secs(seconds)).into())
    }

    fn verdict(conditions: ReadConditions) -> &'static str {
        let record: Record = serde_json::from_str(r#"{"size": 1, "modified": 1000500000000, "etag": "mine"}"#).unwrap();
        match conditions.check(&record) {
            Ok(()) => "ok",
            Err(StoreError::NotModified { .. }) => "304",
            Err(StoreError::PreconditionFailed { .. }) => "412",
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn reads_follow_rfc_9110() {
        let none = ReadConditions::default;
        assert_eq!(verdict(none()), "ok");
        assert_eq!(
            verdict(ReadConditions {
                if_match: etag("mine"),
                ..none()
            }),
            "ok"
        );
        assert_eq!(
            verdict(ReadConditions {
                if_match: Some(ETagCondition::Any),
                ..none()
            }),
            "ok"
        );
        assert_eq!(
            verdict(ReadConditions {
                if_match: etag("other"),
                ..none()
            }),
            "412"
        );
        assert_eq!(
            verdict(ReadConditions {
                if_none_match: etag("mine"),
                ..none()
            }),
            "304"
        );
        assert_eq!(
            verdict(ReadConditions {
                if_none_match: etag("other"),
                ..none()
            }),
            "ok"
        );
        // Times have whole seconds on the wire, so the half second of the file must not count.
        assert_eq!(
            verdict(ReadConditions {
                if_modified_since: time(1000),
                ..none()
            }),
            "304"
        );
        assert_eq!(
            verdict(ReadConditions {
                if_modified_since: time(999),
                ..none()
            }),
            "ok"
        );
        assert_eq!(
            verdict(ReadConditions {
                if_unmodified_since: time(1000),
                ..none()
            }),
            "ok"
        );
        assert_eq!(
            verdict(ReadConditions {
                if_unmodified_since: time(999),
                ..none()
            }),
            "412"
        );
        assert_eq!(
            verdict(ReadConditions {
                if_match: etag("mine"),
                if_unmodified_since: time(1),
                ..none()
            }),
            "ok"
        );
        assert_eq!(
            verdict(ReadConditions {
                if_none_match: etag("other"),
                if_modified_since: time(2000),
                ..none()
            }),
            "ok"
        );
    }

    #[test]
    fn writes_take_the_conditions_that_aws_takes() {
        let any = || Some(ETagCondition::Any);
        assert_eq!(WriteCondition::for_write(None, None).unwrap(), WriteCondition::None);
        assert_eq!(WriteCondition::for_write(None, any()).unwrap(), WriteCondition::Absent);
        assert_eq!(
            WriteCondition::for_write(etag("a"), None).unwrap(),
            WriteCondition::Etag("a".to_owned())
        );
        for (if_match, if_none_match) in [(any(), None), (None, etag("a")), (etag("a"), any())] {
            let error = WriteCondition::for_write(if_match, if_none_match).unwrap_err();
            assert_eq!(error.status_code().unwrap().as_u16(), 501);
        }
    }

    #[test]
    fn a_write_that_needs_an_object_finds_none() {
        let nothing = None::<fn() -> io::Result<String>>;
        let current = || Some(|| Ok("mine".to_owned()));
        assert!(WriteCondition::Absent.check(nothing).is_ok());
        assert!(matches!(
            WriteCondition::Present.check(nothing),
            Err(StoreError::NoSuchKey)
        ));
        assert!(matches!(
            WriteCondition::Etag("mine".to_owned()).check(nothing),
            Err(StoreError::NoSuchKey)
        ));
        assert!(WriteCondition::Etag("mine".to_owned()).check(current()).is_ok());
        let error = WriteCondition::Etag("other".to_owned()).check(current());
        assert!(matches!(
            error,
            Err(StoreError::PreconditionFailed { condition: "If-Match" })
        ));
    }
}
