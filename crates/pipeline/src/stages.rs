//! The four stages in one process: the same steps, run by the same runner as on Lambda.

use convert_file::ConvertFile;
use pipeline_core::{Config, Handled, ObjectEvent, RunError, Runner, Stage, Store, Vars};
use process_file::ProcessFile;
use uncompress_file::UncompressFile;
use unpack_attachments::UnpackAttachments;

/// The four stages over one store.
#[derive(Debug)]
pub struct Stages {
    unpack_attachments: Runner<UnpackAttachments>,
    process_file: Runner<ProcessFile>,
    uncompress_file: Runner<UncompressFile>,
    convert_file: Runner<ConvertFile>,
}

impl Stages {
    /// The stages as the variables configure them.
    pub fn read(vars: &mut Vars<'_>, config: &Config, store: &Store) -> Self {
        let store = || store.clone();
        Self {
            unpack_attachments: Runner::new(UnpackAttachments::read(vars, config), store(), config),
            process_file: Runner::new(ProcessFile::read(vars, config), store(), config),
            uncompress_file: Runner::new(UncompressFile::new(config.limits.clone()), store(), config),
            convert_file: Runner::new(ConvertFile::read(vars, config), store(), config),
        }
    }

    /// Lets a stage handle an object.
    ///
    /// # Errors
    /// What [`Runner::handle`] returns.
    pub async fn handle(&self, stage: Stage, object: &ObjectEvent) -> Result<Handled, RunError> {
        match stage {
            Stage::UnpackAttachments => self.unpack_attachments.handle(object, None).await,
            Stage::ProcessFile => self.process_file.handle(object, None).await,
            Stage::UncompressFile => self.uncompress_file.handle(object, None).await,
            Stage::ConvertFile => self.convert_file.handle(object, None).await,
        }
    }
}
