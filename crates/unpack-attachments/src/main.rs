//! The Lambda function that unpacks emails.

use unpack_attachments::UnpackAttachments;

fn main() -> Result<(), pipeline_core::lambda::Error> {
    pipeline_core::lambda::run(UnpackAttachments::read)
}
