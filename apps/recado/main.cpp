#include "command.hpp"

int main(int argc, char** argv) { return recado::app::run_program(argc, argv); }
