#include "../console.hpp"
#include "../panel.hpp"
#include "../time.hpp"
#include "startup.hpp"

using namespace recado::nucleo_h723zg;

extern "C" [[noreturn]] void recado_main();
void recado_main() {
  serial_out out;
  out.start();
  start_watchdog();
  out.write("recado on NUCLEO-H723ZG\r\n");
  for (;;) refresh_watchdog(), out.drain();
}
