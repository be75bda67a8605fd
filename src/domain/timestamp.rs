//! `Timestamp`: a moment, written as RFC 3339 in UTC to the second.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment, written `2026-11-25T10:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(SystemTime);

impl Timestamp {
    /// This moment.
    pub(crate) fn now() -> Self {
        Timestamp(SystemTime::now())
    }

    /// The moment `after` later; `None` beyond the year 9999, which RFC 3339 cannot write.
    pub(crate) fn after(self, after: Duration) -> Option<Self> {
        let end = self.0.checked_add(after)?;
        let year_10000 = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800);
        (end < year_10000).then_some(Timestamp(end))
    }

    /// How long it lies behind that earlier moment.
    pub(crate) fn since(self, earlier: Timestamp) -> Duration {
        self.0.duration_since(earlier.0).unwrap_or_default()
    }

    /// Whether it lies behind us by this machine's clock.
    pub(crate) fn is_past(self) -> bool {
        self.0 < SystemTime::now()
    }

    /// `2026-11-25`: the day, in UTC.
    pub(crate) fn day(self) -> String {
        self.to_string().chars().take("2026-11-25".len()).collect()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", humantime::format_rfc3339_seconds(self.0))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_rfc3339(&text)
            .map(Timestamp)
            .map_err(|_| de::Error::custom("this is not a moment such as 2026-11-25T10:00:00Z"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_it_is_read() {
        let text = "\"2036-11-23T10:00:00Z\"";
        let moment: Timestamp = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&moment).unwrap(), text);
        assert_eq!(moment.day(), "2036-11-23");
        assert!(serde_json::from_str::<Timestamp>("\"tomorrow\"").is_err());
    }

    #[test]
    fn ends_with_the_year_9999() {
        assert!(Timestamp::now().after(Duration::from_secs(315_576_000)).is_some());
        assert!(Timestamp::now().after(Duration::from_secs(u64::MAX)).is_none());
        assert!(Timestamp::now().after(Duration::from_secs(300_000_000_000)).is_none());
    }
}
