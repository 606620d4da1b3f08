//! Why a story cannot be told.

use pipeline_core::StoreError;

/// A story that cannot be told to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoryError {
    /// S3 did not do what it should.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What lies at a receipt's key is none.
    #[error("the receipt {key} cannot be read")]
    Receipt {
        /// Its key.
        key: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}
