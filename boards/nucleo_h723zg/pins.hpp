// The pins of the board: what each is for, and how it is set up.
#pragma once

#include <cstdint>

namespace recado::nucleo_h723zg {

/// One pin of a port.
struct pin {
  char port;            ///< A to H
  std::uint8_t number;  ///< 0 to 15
};

namespace pins {
inline constexpr pin led[] = {{'B', 0}, {'E', 1}, {'B', 14}};  ///< LD1 green, LD2 yellow, LD3 red
inline constexpr pin button{'C', 13};                          ///< B1, high while pressed
inline constexpr pin console_out{'D', 8};                      ///< USART3, to the ST-LINK's serial port
/// RMII: REF_CLK, MDIO, CRS_DV, MDC, RXD0, RXD1, TX_EN, TXD0, TXD1. RX_ER isn't routed on this board.
inline constexpr pin rmii[] = {{'A', 1}, {'A', 2},  {'A', 7},  {'C', 1}, {'C', 4},
                               {'C', 5}, {'G', 11}, {'G', 13}, {'B', 13}};
inline constexpr std::uint32_t usart3_function = 7, ethernet_function = 11;  ///< numbers of alternate functions
}  // namespace pins

void make_input(pin which);                                           ///< without pull-up and pull-down
void make_output(pin which);                                          ///< push-pull, slow, low at first
void make_function(pin which, std::uint32_t function, bool fastest);  ///< push-pull, for a peripheral
void drive(pin which, bool high);                                     ///< an output
bool is_high(pin which);                                              ///< an input

}  // namespace recado::nucleo_h723zg
