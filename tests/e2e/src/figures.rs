//! What the roles show at `/metrics`, summed over processes.

use reqwest::Client;
use std::collections::BTreeMap;

/// Series by their text, such as `name{label="value"}`, with the sum of their values.
#[derive(Debug, Clone, Default)]
pub struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Reads these processes' figures; each must answer, and whole.
    pub async fn read(http: &Client, bases: &[String]) -> Self {
        let mut figures = Self::default();
        for base in bases {
            let answer = http.get(format!("{base}/metrics")).send().await;
            let answer = answer.unwrap_or_else(|error| panic!("{base}/metrics: {error}"));
            assert_eq!(answer.status(), 200, "{base}/metrics");
            let text = answer.text().await.unwrap_or_else(|error| panic!("{base}/metrics: {error}"));
            assert!(text.ends_with("# EOF\n"), "{base}/metrics is cut off: {text}");
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                let (series, value) = line.rsplit_once(' ').expect("a series and its value");
                *figures.0.entry(series.to_owned()).or_default() += value.parse::<f64>().expect("a number");
            }
        }
        figures
    }

    /// The sum over all series of this name whose labels hold all of these, such as `state="DONE"`.
    pub fn sum(&self, name: &str, labels: &[&str]) -> f64 {
        let fits = |series: &str| {
            let (own, rest) = series.split_once('{').unwrap_or((series, ""));
            own == name && labels.iter().all(|label| rest.contains(label))
        };
        self.0.iter().filter(|(series, _)| fits(series)).map(|(_, value)| value).sum()
    }

    pub fn series(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
