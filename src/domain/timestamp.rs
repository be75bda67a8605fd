//! `Timestamp`: a point in time.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time, written `2026-11-25T10:00:00Z` (RFC 3339 in UTC, to the second).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(SystemTime);

/// For times closer to now than this, the time of day is shown too.
const TIME_OF_DAY_MATTERS: Duration = Duration::from_secs(2 * 24 * 60 * 60);

impl Timestamp {
    pub(crate) fn now() -> Self {
        Timestamp(SystemTime::now())
    }

    /// `None` after the year 9999, which RFC 3339 cannot write.
    pub(crate) fn checked_add(self, duration: Duration) -> Option<Self> {
        let sum = self.0.checked_add(duration)?;
        let year_10000 = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800);
        (sum < year_10000).then_some(Timestamp(sum))
    }

    /// The time from `earlier` to this timestamp, or zero if `earlier` is the later one.
    pub(crate) fn since(self, earlier: Timestamp) -> Duration {
        self.0.duration_since(earlier.0).unwrap_or_default()
    }

    /// By this machine's clock.
    pub(crate) fn is_past(self) -> bool {
        self.0 < SystemTime::now()
    }

    /// `2026-11-25`: the day, in UTC.
    pub(crate) fn day(self) -> String {
        self.to_string().chars().take("2026-11-25".len()).collect()
    }

    /// The day, with the time of day if it is less than two days from now: `2026-11-25 10:00 UTC`.
    pub(crate) fn day_or_time(self) -> String {
        let now = Timestamp::now();
        match self.since(now).max(now.since(self)) < TIME_OF_DAY_MATTERS {
            true => format!("{} UTC", self.to_string()[.."2026-11-25T10:00".len()].replace('T', " ")),
            false => self.day(),
        }
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
            .map_err(|_| de::Error::custom("write the time like 2026-11-25T10:00:00Z"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_written_as_they_are_read() {
        let text = "\"2036-11-23T10:00:00Z\"";
        let timestamp: Timestamp = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&timestamp).unwrap(), text);
        assert_eq!(timestamp.day(), "2036-11-23");
        assert!(serde_json::from_str::<Timestamp>("\"tomorrow\"").is_err());
    }

    #[test]
    fn the_time_of_day_is_shown_if_it_is_less_than_two_days_away() {
        let after = |hours: u64| Timestamp::now().checked_add(Duration::from_secs(hours * 3600)).unwrap();
        let written = after(1).day_or_time();
        assert_eq!((written.len(), written.ends_with(" UTC")), ("2026-11-25 10:00 UTC".len(), true), "{written}");
        assert_eq!(after(49).day_or_time(), after(49).day());
    }

    #[test]
    fn the_last_timestamp_is_in_the_year_9999() {
        assert!(Timestamp::now().checked_add(Duration::from_secs(315_576_000)).is_some());
        assert!(Timestamp::now().checked_add(Duration::from_secs(u64::MAX)).is_none());
        assert!(Timestamp::now().checked_add(Duration::from_secs(300_000_000_000)).is_none());
    }
}
