/* Rust's standard library gets its first random numbers from this library, which Wine 8 lacks. It is for the tests only: Windows has it. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) { return RtlGenRandom(data, (ULONG)length); }
