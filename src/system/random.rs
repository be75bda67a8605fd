//! Random numbers that cannot be guessed.

/// 128 bits from the system's random source, as 32 hex digits.
pub(crate) fn random_hex() -> Result<String, RandomError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| RandomError)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[derive(Debug, thiserror::Error)]
#[error("the system's random source failed")]
pub(crate) struct RandomError;
