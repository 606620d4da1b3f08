//! One line of metrics.
//!
//! The rules are those of the CloudWatch user guide, "Specification: Embedded metric format"; the builder cannot make a
//! line that breaks them.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

/// Most metrics that one directive may define; more of them are left out.
const MAX_METRICS: usize = 100;

/// What a metric is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Things.
    Count,
    /// Bytes.
    Bytes,
    /// Thousandths of a second.
    Milliseconds,
    /// Seconds.
    Seconds,
}

impl Unit {
    /// The unit as CloudWatch spells it (`MetricDatum`, `StandardUnit`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Bytes => "Bytes",
            Self::Milliseconds => "Milliseconds",
            Self::Seconds => "Seconds",
        }
    }
}

/// Metrics of one moment, and the dimensions that they are looked up by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    timestamp_ms: i128,
    members: Map<String, Value>,
    directives: Vec<Directive>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Directive {
    dimension_sets: Vec<Vec<&'static str>>,
    metrics: Vec<(&'static str, Unit)>,
}

impl Document {
    /// A document without metrics yet. CloudWatch takes times from two weeks ago to two hours ahead.
    #[must_use]
    pub fn at(now: OffsetDateTime) -> Self {
        Self {
            timestamp_ms: now.unix_timestamp_nanos().div_euclid(1_000_000),
            members: Map::new(),
            directives: Vec::new(),
        }
    }

    /// A dimension and its value. Dimension sets that name it come after it; an empty value, which CloudWatch refuses,
    /// counts as not given.
    #[must_use]
    pub fn dimension(mut self, name: &'static str, value: &str) -> Self {
        if !value.is_empty() {
            self.members.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Metrics, each published once for every set of dimensions; the empty set `&[]` is "without dimensions".
    ///
    /// A set that names a dimension without a value is left out.
    #[must_use]
    pub fn metrics(mut self, dimension_sets: &[&[&'static str]], metrics: &[(&'static str, Unit, u64)]) -> Self {
        let is_given = |set: &&&[&'static str]| set.iter().all(|name| self.members.contains_key(*name));
        let dimension_sets: Vec<_> = dimension_sets.iter().filter(is_given).map(|set| set.to_vec()).collect();
        if dimension_sets.is_empty() || metrics.is_empty() {
            return self;
        }
        let metrics = metrics.iter().take(MAX_METRICS);
        self.members.extend(
            metrics
                .clone()
                .map(|(name, _, value)| ((*name).to_owned(), json!(value))),
        );
        self.directives.push(Directive {
            dimension_sets,
            metrics: metrics.map(|(name, unit, _)| (*name, *unit)).collect(),
        });
        self
    }

    /// Whether it holds no metric.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.directives.is_empty()
    }

    /// The document as CloudWatch reads it.
    #[must_use]
    pub fn to_json(&self, namespace: &str) -> Value {
        let directives: Vec<Value> = self
            .directives
            .iter()
            .map(|directive| directive.to_json(namespace))
            .collect();
        let mut members = self.members.clone();
        members.insert(
            "_aws".to_owned(),
            json!({"Timestamp": i64::try_from(self.timestamp_ms).unwrap_or_default(), "CloudWatchMetrics": directives}),
        );
        Value::Object(members)
    }
}

impl Directive {
    fn to_json(&self, namespace: &str) -> Value {
        let metric = |(name, unit): &(&str, Unit)| json!({"Name": name, "Unit": unit.as_str()});
        json!({
            "Namespace": namespace,
            "Dimensions": self.dimension_sets,
            "Metrics": self.metrics.iter().map(metric).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2025-03-23 10:11:12.345 UTC);

    #[test]
    fn a_document_is_what_the_specification_shows() {
        let document = Document::at(NOW).dimension("Bucket", "inbox").metrics(
            &[&["Bucket"], &[]],
            &[("OldestAge", Unit::Seconds, 3), ("Waiting", Unit::Count, 2)],
        );
        assert_eq!(
            document.to_json("es-test-data-pipeline"),
            json!({
                "_aws": {
                    "Timestamp": 1_742_724_672_345_i64,
                    "CloudWatchMetrics": [{
                        "Namespace": "es-test-data-pipeline",
                        "Dimensions": [["Bucket"], []],
                        "Metrics": [{"Name": "OldestAge", "Unit": "Seconds"}, {"Name": "Waiting", "Unit": "Count"}],
                    }],
                },
                "Bucket": "inbox",
                "OldestAge": 3,
                "Waiting": 2,
            })
        );
    }

    #[test]
    fn a_set_with_a_dimension_that_has_no_value_is_left_out() {
        let metric = [("Objects", Unit::Count, 1)];
        let document = Document::at(NOW).dimension("Stage", "");
        assert!(document.clone().metrics(&[&["Stage"], &["Other"]], &metric).is_empty());
        let kept = document.metrics(&[&["Stage"], &[]], &metric).to_json("n");
        assert_eq!(kept["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([[]]));
        assert_eq!(kept.get("Stage"), None);
    }
}
