class QuayAuth < Formula
  desc "Log in to Quay with one click in the browser"
  homepage "@repository@"
  version "@version@"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "@repository@/releases/download/v@version@/quay-auth-@version@-aarch64-apple-darwin.tar.gz"
      sha256 "@sha256:aarch64-apple-darwin.tar.gz@"
    end
    on_intel do
      url "@repository@/releases/download/v@version@/quay-auth-@version@-x86_64-apple-darwin.tar.gz"
      sha256 "@sha256:x86_64-apple-darwin.tar.gz@"
    end
  end

  on_linux do
    on_arm do
      url "@repository@/releases/download/v@version@/quay-auth-@version@-aarch64-unknown-linux-gnu.tar.gz"
      sha256 "@sha256:aarch64-unknown-linux-gnu.tar.gz@"
    end
    on_intel do
      url "@repository@/releases/download/v@version@/quay-auth-@version@-x86_64-unknown-linux-gnu.tar.gz"
      sha256 "@sha256:x86_64-unknown-linux-gnu.tar.gz@"
    end
  end

  def install
    bin.install "quay-auth", "docker-credential-quay-auth"
    man1.install Dir["man/*.1.gz"]
    bash_completion.install "completions/quay-auth.bash" => "quay-auth"
    zsh_completion.install "completions/quay-auth.zsh" => "_quay-auth"
    fish_completion.install "completions/quay-auth.fish"
    doc.install "docs", "THIRD-PARTY-NOTICES.txt"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/quay-auth --version")
  end
end
