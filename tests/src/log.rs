//! What a function logs: JSON, line by line, and metrics among it.

use std::collections::BTreeMap;

use serde_json::Value;

/// Everything that CloudWatch knows as a unit (CloudWatch API, MetricDatum).
const UNITS: &[&str] = &[
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// The lines of a function's stdout.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// Each line.
    pub lines: Vec<Value>,
}

/// What CloudWatch makes of one metric of one line, for one set of dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The unit; `None` counts as one (CloudWatch's own word).
    pub unit: String,
    /// The dimensions by name.
    pub dimensions: BTreeMap<String, String>,
    /// The values.
    pub values: Vec<f64>,
}

impl Log {
    /// Reads lines.
    ///
    /// # Panics
    /// If a line is not a JSON object.
    pub fn read(lines: &[String]) -> Self {
        let read = |line: &String| match serde_json::from_str(line) {
            Ok(Value::Object(line)) => Value::Object(line),
            other => panic!("a line that is no JSON object ({other:?}): {line}"),
        };
        Self {
            lines: lines.iter().map(read).collect(),
        }
    }

    /// The lines about objects that were handled.
    pub fn handled(&self) -> Vec<&Value> {
        self.lines
            .iter()
            .filter(|line| line.get("outcome").is_some() && line.get("_aws").is_none())
            .collect()
    }

    /// The lines that hold metrics, as they are.
    pub fn metric_lines(&self) -> Vec<&Value> {
        self.lines.iter().filter(|line| line.get("_aws").is_some()).collect()
    }

    /// All metrics.
    ///
    /// # Panics
    /// If a line does not keep to the format; CloudWatch would drop it without a word.
    pub fn metrics(&self) -> Vec<Metric> {
        let lines = self.metric_lines();
        lines
            .iter()
            .flat_map(|line| metrics_of(line).unwrap_or_else(|why| panic!("{why}: {line}")))
            .collect()
    }
}

/// Reads a line by the rules of CloudWatch's embedded metric format
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
fn metrics_of(line: &Value) -> Result<Vec<Metric>, String> {
    let head = &line["_aws"];
    if !head["Timestamp"].is_u64() {
        return Err("Timestamp is no whole number of milliseconds".to_owned());
    }
    let mut metrics = Vec::new();
    for directive in list(head, "CloudWatchMetrics")? {
        let namespace = text(directive, "Namespace", 1024)?;
        let sets = list(directive, "Dimensions")?;
        let defined = list(directive, "Metrics")?;
        if sets.is_empty() || defined.is_empty() || defined.len() > 100 {
            return Err("there is no set of dimensions, no metric, or more than 100".to_owned());
        }
        for set in sets {
            let dimensions = dimensions(line, set)?;
            for metric in defined {
                metrics.push(self::metric(line, metric, &namespace, &dimensions)?);
            }
        }
    }
    Ok(metrics)
}

fn dimensions(line: &Value, set: &Value) -> Result<BTreeMap<String, String>, String> {
    let names = set.as_array().filter(|names| names.len() <= 30);
    let names = names.ok_or("a set of dimensions is a list of at most 30 names")?;
    let mut dimensions = BTreeMap::new();
    for name in names {
        let name = name.as_str().ok_or("a dimension's name is text")?;
        dimensions.insert(name.to_owned(), text(line, name, 1024)?);
    }
    Ok(dimensions)
}

fn metric(
    line: &Value,
    metric: &Value,
    namespace: &str,
    dimensions: &BTreeMap<String, String>,
) -> Result<Metric, String> {
    let name = text(metric, "Name", 1024)?;
    let unit = metric["Unit"].as_str().unwrap_or("None").to_owned();
    if !UNITS.contains(&unit.as_str()) {
        return Err(format!("{unit} is no unit"));
    }
    let values = match &line[&name] {
        Value::Array(values) if values.len() <= 100 => values.clone(),
        one => vec![one.clone()],
    };
    let values: Option<Vec<f64>> = values.iter().map(Value::as_f64).collect();
    Ok(Metric {
        namespace: namespace.to_owned(),
        unit,
        dimensions: dimensions.clone(),
        values: values.ok_or_else(|| format!("the value of {name} is no number"))?,
        name,
    })
}

fn list<'a>(of: &'a Value, name: &str) -> Result<&'a Vec<Value>, String> {
    of[name].as_array().ok_or_else(|| format!("{name} is no list"))
}

fn text(of: &Value, name: &str, max: usize) -> Result<String, String> {
    let text = of[name].as_str().filter(|text| !text.is_empty() && text.len() <= max);
    text.map(str::to_owned)
        .ok_or_else(|| format!("{name} is no text of 1 to {max} characters"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line() -> Value {
        json!({
            "_aws": {"Timestamp": 1_700_000_000_000_u64, "CloudWatchMetrics": [{
                "Namespace": "es-test", "Dimensions": [["Stage"], ["Stage", "Outcome"]],
                "Metrics": [{"Name": "Objects", "Unit": "Count"}, {"Name": "BytesIn", "Unit": "Bytes"}]
            }]},
            "Stage": "process-file", "Outcome": "done", "Objects": 1, "BytesIn": 1024
        })
    }

    #[test]
    fn every_metric_counts_for_every_set_of_dimensions() {
        let metrics = metrics_of(&line()).unwrap();
        assert_eq!(metrics.len(), 4);
        assert_eq!(metrics[3].name, "BytesIn");
        assert_eq!(metrics[3].values, [1024.0]);
        assert_eq!(metrics[3].dimensions.len(), 2);
    }

    #[test]
    fn what_cloudwatch_would_drop_is_found() {
        let broken: [fn(&mut Value); 5] = [
            |line| line["Outcome"] = json!(1),
            |line| drop(line.as_object_mut().unwrap().remove("Objects")),
            |line| line["_aws"]["Timestamp"] = json!("now"),
            |line| line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Unit"] = json!("count"),
            |line| line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = json!([]),
        ];
        for breaks in broken {
            let mut line = line();
            breaks(&mut line);
            assert!(metrics_of(&line).is_err(), "{line}");
        }
    }
}
