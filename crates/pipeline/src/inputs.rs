//! The files that the command was given.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use pipeline_core::kind;

/// How much of a file tells whether it is an email.
const HEAD_BYTES: u64 = 64 * 1024;

/// One file to run through the pipeline.
#[derive(Debug)]
pub(crate) struct InputFile {
    /// The path as the person would write it.
    pub(crate) path: PathBuf,
    /// The path below the folder that was named.
    pub(crate) name: String,
}

/// Everything that was found below the paths of the command line.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    pub(crate) files: Vec<InputFile>,
    /// Folders that cannot be read.
    pub(crate) unreadable: Vec<(PathBuf, io::Error)>,
    /// Sockets, pipes, devices and broken links: nothing that could hold an email.
    pub(crate) skipped: Vec<PathBuf>,
    visited: HashSet<PathBuf>,
}

impl Inputs {
    /// Finds files in the order of their names. `data`, the folder that holds the buckets, is never an input.
    pub(crate) fn find(paths: &[PathBuf], data: &Path) -> Self {
        let mut inputs = Self::default();
        inputs.visited.extend(fs::canonicalize(data));
        for path in paths {
            let name = path.file_name().unwrap_or(path.as_os_str());
            inputs.visit(path, Path::new(name), true);
        }
        inputs
    }

    fn visit(&mut self, path: &Path, name: &Path, is_named: bool) {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                // Links can make folders contain themselves.
                if fs::canonicalize(path).is_ok_and(|real| self.visited.insert(real)) {
                    self.visit_folder(path, if is_named { Path::new("") } else { name });
                }
            }
            // A file that is named twice, or by a link too, is one file.
            Ok(found) if found.is_file() => {
                if fs::canonicalize(path).is_ok_and(|real| self.visited.insert(real)) {
                    self.files.push(InputFile {
                        path: path.to_owned(),
                        name: name.to_string_lossy().into_owned(),
                    });
                }
            }
            Ok(_) => self.skipped.push(path.to_owned()),
            Err(error) if is_named => self.unreadable.push((path.to_owned(), error)),
            Err(_) => self.skipped.push(path.to_owned()),
        }
    }

    fn visit_folder(&mut self, path: &Path, name: &Path) {
        match fs::read_dir(path) {
            Ok(entries) => {
                let mut children: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
                children.sort();
                for child in children {
                    self.visit(&path.join(&child), &name.join(&child), false);
                }
            }
            Err(error) => self.unreadable.push((path.to_owned(), error)),
        }
    }
}

/// Whether a file is an email, told by its content.
pub(crate) fn is_email(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(kind::is_email(&head))
}
