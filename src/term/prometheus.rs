//! Prometheus's text format, as read by the textfile collector of node_exporter.

use super::text;

/// A metric with its samples.
#[derive(Clone, Debug)]
pub struct Metric {
    name: &'static str,
    help: &'static str,
    samples: Vec<(Vec<(&'static str, String)>, f64)>,
}

impl Metric {
    /// A gauge without samples. `help` is one line.
    pub fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, help, samples: Vec::new() }
    }

    /// Adds a sample if there is a value.
    pub fn add(&mut self, labels: &[(&'static str, &str)], value: Option<f64>) {
        if let Some(value) = value {
            let labels = labels.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
            self.samples.push((labels, value));
        }
    }

    /// Lines of the metric; empty without samples.
    pub fn render(&self) -> String {
        if self.samples.is_empty() {
            return String::new();
        }
        let mut lines = format!("# HELP {0} {1}\n# TYPE {0} gauge\n", self.name, self.help);
        for (labels, value) in &self.samples {
            let labels: Vec<_> =
                labels.iter().map(|(name, text)| format!("{name}=\"{}\"", escaped(text))).collect();
            let labels =
                if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            lines.push_str(&format!("{}{labels} {value}\n", self.name));
        }
        lines
    }
}

/// Value of a label, with backslashes, quotation marks and line ends escaped.
fn escaped(value: &str) -> String {
    text::visible(value).replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_samples_without_value_are_left_out() {
        let mut metric = Metric::gauge("a_b", "Words.");
        metric.add(&[("url", "https://h/\"x\\y\nz")], Some(0.5));
        metric.add(&[("url", "gone")], None);
        assert_eq!(
            metric.render(),
            "# HELP a_b Words.\n# TYPE a_b gauge\na_b{url=\"https://h/\\\"x\\\\y\\\\nz\"} 0.5\n"
        );
        assert_eq!(Metric::gauge("c", "None.").render(), "");
    }
}
