// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/text.h"
#include "base/verdict.h"

namespace hikae::cli {

inline Text verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return text("cli_run.verdict_ok");
    case Verdict::warning:
      return text("cli_run.verdict_warning");
    case Verdict::partial:
      return text("cli_run.verdict_partial");
    case Verdict::failed:
      break;
  }
  return text("cli_run.verdict_failed");
}

}  // namespace hikae::cli
