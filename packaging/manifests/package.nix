{
  lib,
  stdenvNoCC,
  fetchurl,
  installShellFiles,
}:

let
  # The static programs, which need no library of the system.
  sources = {
    x86_64-linux = {
      target = "x86_64-unknown-linux-musl";
      sha256 = "@sha256:x86_64-unknown-linux-musl.tar.gz@";
    };
    aarch64-linux = {
      target = "aarch64-unknown-linux-musl";
      sha256 = "@sha256:aarch64-unknown-linux-musl.tar.gz@";
    };
    x86_64-darwin = {
      target = "x86_64-apple-darwin";
      sha256 = "@sha256:x86_64-apple-darwin.tar.gz@";
    };
    aarch64-darwin = {
      target = "aarch64-apple-darwin";
      sha256 = "@sha256:aarch64-apple-darwin.tar.gz@";
    };
  };
  source = sources.${stdenvNoCC.hostPlatform.system};
in
stdenvNoCC.mkDerivation (final: {
  pname = "quay-auth";
  version = "@version@";
  src = fetchurl {
    url = "@repository@/releases/download/v${final.version}/quay-auth-${final.version}-${source.target}.tar.gz";
    inherit (source) sha256;
  };
  nativeBuildInputs = [ installShellFiles ];
  installPhase = ''
    install -D -t $out/bin quay-auth docker-credential-quay-auth
    installManPage man/*.1.gz
    installShellCompletion completions/quay-auth.{bash,zsh,fish}
  '';
  meta = {
    description = "Log in to Quay with one click in the browser";
    homepage = "@repository@";
    license = with lib.licenses; [
      mit
      asl20
    ];
    mainProgram = "quay-auth";
    platforms = builtins.attrNames sources;
  };
})
