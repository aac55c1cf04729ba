// recado lab run --board: the board of the lab as a microcontroller in QEMU.
#pragma once

#include <string>
#include <vector>

#include "lab/lab.hpp"

namespace recado::app {

/// What `recado lab run --board` was told.
struct emulated_run {
  std::string board;               ///< "mps2-an500"
  std::string image;               ///< path; empty: one is made for the lab
  std::vector<std::string> words;  ///< arguments behind --, as of `recado firmware`
};

/// Makes the image, unless one is given: what takes long, and what can be refused before a lab is up. The lab's own
/// configuration is taken unless the words name one. Throws `failure`.
std::filesystem::path image_for(const emulated_run& what, const lab::folder& where);

/// Runs the image on the board's host until it ends; answers its status. What its Ethernet sends and hears goes into
/// `dump` unless that is empty.
int run_emulated(const lab::folder& where, const std::filesystem::path& image, const std::filesystem::path& dump);

}  // namespace recado::app
