//! `Lifetime`: how long a token is valid.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// One second to ten years. Written `30d`, `12h`, `1year`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime(Duration);

/// Ten years as Quay counts them: the longest lifetime that it accepts.
const LONGEST: Duration = Duration::from_secs(315_576_000);

impl Lifetime {
    pub(crate) fn duration(self) -> Duration {
        self.0
    }
}

/// In the largest unit without a rest, as people write it: `90d`. humantime would write `2months 29days 2h 52m 48s`.
impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let units = [("d", 86_400), ("h", 3_600), ("m", 60)];
        let (unit, length) = units.into_iter().find(|(_, length)| seconds.is_multiple_of(*length)).unwrap_or(("s", 1));
        write!(f, "{}{unit}", seconds / length)
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("write the time like 12h, 30d or 1year, from one second to ten years")]
pub(crate) struct InvalidLifetime;

impl FromStr for Lifetime {
    type Err = InvalidLifetime;

    fn from_str(text: &str) -> Result<Self, InvalidLifetime> {
        let time = humantime::parse_duration(text).map_err(|_| InvalidLifetime)?;
        let fits = time >= Duration::from_secs(1) && time <= LONGEST && time.subsec_nanos() == 0;
        if fits { Ok(Lifetime(time)) } else { Err(InvalidLifetime) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_from_one_second_to_ten_years() {
        for (written, seconds) in [("30d", 2_592_000), ("12h", 43_200), ("1h 30m", 5_400), ("10years", 315_576_000)] {
            assert_eq!(written.parse::<Lifetime>().unwrap().duration().as_secs(), seconds, "{written}");
        }
        for (written, shown) in [("30days", "30d"), ("90d", "90d"), ("1h 30m", "90m"), ("61s", "61s")] {
            assert_eq!(written.parse::<Lifetime>().unwrap().to_string(), shown);
        }
        for wrong in ["", "30", "0s", "-1d", "11years", "1ms", "forever", "d"] {
            assert_eq!(wrong.parse::<Lifetime>(), Err(InvalidLifetime), "{wrong}");
        }
    }
}
