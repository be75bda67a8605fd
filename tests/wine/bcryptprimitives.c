/* Wine 8 lacks this library, which Rust's standard library takes its first random numbers from. Real systems have it: it ships nowhere. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) { return RtlGenRandom(data, (ULONG)length); }
