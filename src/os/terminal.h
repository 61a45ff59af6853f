// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <stop_token>
#include <string>

namespace hikae::os {

bool is_terminal(int fd);

// Columns; 80 where nobody can tell.
std::size_t terminal_width(int fd);

// Asks on the controlling terminal, or reads a line from standard input where there is none. The
// caller wraps the answer so that it is wiped. Throws Error{io} at the end of input, Cancelled when
// `stop` is requested; the terminal echoes again in each case.
std::string read_password_without_echo(const std::string& prompt, const std::stop_token& stop);

}  // namespace hikae::os
