// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "support/server_process.h"
#include "support/temp_dir.h"

namespace hikae::testing {

// A certificate authority of the test's own, made by openssl in a temporary folder.
class TestAuthority {
 public:
  struct Certificate {
    std::string certificate;  // PEM files
    std::string key;
  };

  TestAuthority() {
    run_program({"openssl",
                 "req",
                 "-x509",
                 "-newkey",
                 "ec",
                 "-pkeyopt",
                 "ec_paramgen_curve:prime256v1",
                 "-nodes",
                 "-days",
                 "3",
                 "-subj",
                 "/CN=test authority",
                 "-addext",
                 "keyUsage=critical,keyCertSign",
                 "-keyout",
                 folder_ / "ca.key",
                 "-out",
                 file()});
  }

  // What a client must trust.
  std::string file() const { return folder_ / "ca.pem"; }

  // A server's certificate; `names` as in "DNS:localhost,IP:127.0.0.1".
  Certificate issue(const std::string& names) {
    const std::string base = folder_ / ("server" + std::to_string(++issued_));
    write_file(base + ".ext", "subjectAltName=" + names + "\n");
    run_program({"openssl",
                 "req",
                 "-new",
                 "-newkey",
                 "ec",
                 "-pkeyopt",
                 "ec_paramgen_curve:prime256v1",
                 "-nodes",
                 "-subj",
                 "/CN=test server",
                 "-keyout",
                 base + ".key",
                 "-out",
                 base + ".csr"});
    run_program({"openssl",
                 "x509",
                 "-req",
                 "-in",
                 base + ".csr",
                 "-CA",
                 file(),
                 "-CAkey",
                 folder_ / "ca.key",
                 "-CAcreateserial",
                 "-days",
                 "3",
                 "-extfile",
                 base + ".ext",
                 "-out",
                 base + ".pem"});
    return {base + ".pem", base + ".key"};
  }

 private:
  TempDir folder_;
  int issued_ = 0;
};

}  // namespace hikae::testing
