// SPDX-License-Identifier: Apache-2.0
// Inside of this module only.
#pragma once

#include <memory>

#include "journal/notices.h"

namespace hikae::journal {

class Store;

// `store` outlives it.
std::unique_ptr<NoticeQueue> make_notice_queue(Store& store);

}  // namespace hikae::journal
