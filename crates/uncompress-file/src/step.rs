//! The step: an object of the uncompressed bucket becomes its members in the process bucket.

use pipeline_core::{Bucket, Failure, Input, Limits, Outbox, Output, Stage, Step, Verdict};

use crate::content::Content;
use crate::error::UnpackError;
use crate::harvest::Visitor;
use crate::member::Member;
use crate::reject;
use crate::unpack::unpack;

/// Unpacks archives. What is in an archive inside the archive comes round again through process-file, one deeper.
#[derive(Debug, Clone)]
pub struct UncompressFile {
    limits: Limits,
}

impl UncompressFile {
    /// The step with its limits.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits }
    }
}

impl Step for UncompressFile {
    fn stage(&self) -> Stage {
        Stage::UncompressFile
    }

    fn most_bytes(&self) -> u64 {
        self.limits.archive_bytes
    }

    fn run(&self, input: &Input, outbox: &mut Outbox) -> Result<Verdict, Failure> {
        if input.depth() >= self.limits.depth {
            return Ok(Verdict::Rejected(reject::too_deep(&self.limits)));
        }
        let mut archive = input.open();
        let mut members = Members { input, outbox };
        match unpack(&mut archive, input.name().file_name(), &self.limits, &mut members) {
            Ok(unpacked) => Ok(Verdict::with_bad_parts(unpacked.bad)),
            Err(UnpackError::Rejected(rejection)) => Ok(Verdict::Rejected(rejection)),
            Err(UnpackError::Read(error)) => Err(Failure::Spool(error)),
            Err(UnpackError::Output(failure)) => Err(failure),
        }
    }
}

/// Passes members on as they are unpacked.
struct Members<'a> {
    input: &'a Input,
    outbox: &'a mut Outbox,
}

impl Visitor for Members<'_> {
    type Error = Failure;

    fn visit(&mut self, member: &Member, content: &mut Content<'_>) -> Result<(), Failure> {
        let name = self.input.name().beside(&member.path);
        // The number keeps members of one name apart.
        let path_in_parent = format!("{}/{}", member.number, member.name);
        let output = Output::new(Bucket::Process, name, path_in_parent)
            .depth(self.input.depth().saturating_add(1))
            .source_name(&member.name);
        let mut writer = self.outbox.create(output)?;
        // A failure of the store is latched by the writer; this one only stops the unpacking.
        if content.copy_to(&mut writer).map_err(Failure::Spool)? {
            writer.finish()?;
        }
        Ok(())
    }
}
