//! Where the metrics go: standard output, if a namespace is configured.

use std::io::Write;

use crate::config::Vars;
use crate::metrics::Document;

/// Prints metrics for CloudWatch, or nothing where nobody reads them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metrics {
    namespace: Option<String>,
}

impl Metrics {
    /// Under the namespace `METRICS_NAMESPACE`; if it is not set, nothing is printed.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        let namespace = vars.get("METRICS_NAMESPACE");
        if let Some(namespace) = &namespace
            && let Err(problem) = check(namespace)
        {
            vars.problem(format!("METRICS_NAMESPACE is {namespace:?}: {problem}"));
        }
        Self { namespace }
    }

    /// Prints one document as one line.
    pub fn print(&self, document: &Document) {
        self.print_to(&mut std::io::stdout().lock(), document);
    }

    fn print_to(&self, to: &mut impl Write, document: &Document) {
        let Some(namespace) = self.namespace.as_deref().filter(|_| !document.is_empty()) else {
            return;
        };
        let mut line = document.to_json(namespace).to_string();
        line.push('\n');
        // In one piece, so that no line of the log comes in between. Metrics that cannot be written must not fail the work.
        let _ = to.write_all(line.as_bytes());
        let _ = to.flush();
    }
}

/// The rules of CloudWatch's API for `PutMetricData`, parameter `Namespace`.
fn check(namespace: &str) -> Result<(), &'static str> {
    if namespace.len() > 255 {
        return Err("it has more than 255 characters");
    }
    if !namespace
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "._-/#: ".contains(c))
    {
        return Err("only letters, digits and . _ - / # : are allowed");
    }
    if namespace.starts_with("AWS/") {
        return Err("names beginning with AWS/ are Amazon's");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io;

    use serde_json::Value;
    use time::OffsetDateTime;

    use super::*;
    use crate::metrics::Unit;

    /// Keeps the pieces that it is given.
    #[derive(Default)]
    struct Pieces(Vec<Vec<u8>>);

    impl Write for Pieces {
        fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
            self.0.push(piece.to_vec());
            Ok(piece.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn printed(namespace: Option<&str>, document: &Document) -> Vec<Vec<u8>> {
        let mut vars = Vars::new(|name| namespace.filter(|_| name == "METRICS_NAMESPACE").map(str::to_owned));
        let metrics = Metrics::read(&mut vars);
        vars.finish(()).unwrap();
        let mut pieces = Pieces::default();
        metrics.print_to(&mut pieces, document);
        pieces.0
    }

    fn document() -> Document {
        Document::at(OffsetDateTime::now_utc()).metrics(&[&[]], &[("RejectsToLookAt", Unit::Count, 1)])
    }

    #[test]
    fn a_document_is_one_line_written_in_one_piece() {
        let [piece] = printed(Some("es-test-data-pipeline"), &document()).try_into().unwrap();
        let line = piece.strip_suffix(b"\n").unwrap();
        assert!(!line.contains(&b'\n'));
        assert!(serde_json::from_slice::<Value>(line).is_ok());
    }

    #[test]
    fn without_a_namespace_or_without_metrics_nothing_is_printed() {
        assert!(printed(None, &document()).is_empty());
        assert!(printed(Some(" "), &document()).is_empty());
        assert!(printed(Some("es"), &Document::at(OffsetDateTime::now_utc())).is_empty());
    }

    #[test]
    fn a_namespace_that_cloudwatch_refuses_is_a_problem_of_the_configuration() {
        for namespace in ["AWS/Lambda", "größe", "a\"b", &"n".repeat(256)] {
            let mut vars = Vars::new(|_| Some(namespace.to_owned()));
            Metrics::read(&mut vars);
            let problem = vars.finish(()).unwrap_err().to_string();
            assert!(problem.contains("METRICS_NAMESPACE is "), "{problem}");
        }
    }
}
