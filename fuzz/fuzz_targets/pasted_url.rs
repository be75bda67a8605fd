#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| quay_auth::fuzzing::pasted_url(data));
