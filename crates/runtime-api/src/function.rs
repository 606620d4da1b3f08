//! What a function is made of: a binary and its settings.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::instance::Instance;

/// A function as it is deployed.
#[derive(Debug, Clone)]
pub struct Function {
    pub(crate) name: String,
    pub(crate) binary: PathBuf,
    pub(crate) memory_mb: u32,
    pub(crate) region: String,
    pub(crate) variables: BTreeMap<String, String>,
}

impl Function {
    /// A function of this name, with 512 MB in eu-west-2, and without variables of its own.
    #[must_use]
    pub fn new(name: &str, binary: impl Into<PathBuf>) -> Self {
        Self {
            name: name.to_owned(),
            binary: binary.into(),
            memory_mb: 512,
            region: "eu-west-2".to_owned(),
            variables: BTreeMap::new(),
        }
    }

    /// With a variable of its own. It comes before Lambda's: so a test sets credentials, for instance.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// With many variables of its own.
    #[must_use]
    pub fn variables<K: Into<String>, V: Into<String>>(mut self, variables: impl IntoIterator<Item = (K, V)>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.variables.extend(variables);
        self
    }

    /// Without a variable of its own.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// In this region.
    #[must_use]
    pub fn region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.region);
        self
    }

    /// With as much memory as this. It is what the function is told, not a limit.
    #[must_use]
    pub const fn memory_mb(mut self, memory_mb: u32) -> Self {
        self.memory_mb = memory_mb;
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its binary.
    #[must_use]
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Starts a process of it, with a Runtime API of its own. It has no variables but Lambda's and the function's.
    ///
    /// # Errors
    /// If no port can be bound, or the binary cannot be started.
    pub async fn start(&self) -> io::Result<Instance> {
        Instance::start(self).await
    }
}
