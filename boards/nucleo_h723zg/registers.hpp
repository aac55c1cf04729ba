// The registers of the STM32H723 that this board needs, by ST's names, and of their bits those that are used. Addresses
// and positions are those of ST's header stm32h723xx.h; comments say what a value means where its name doesn't.
#pragma once

#include "bus.hpp"

namespace recado::nucleo_h723zg {

constexpr std::uint32_t bit(unsigned position) { return std::uint32_t{1} << position; }

/// Reset and clock control.
namespace rcc {
inline constexpr reg cr{0x58024400}, cfgr{0x58024410}, d1cfgr{0x58024418}, d2cfgr{0x5802441c}, d3cfgr{0x58024420};
inline constexpr reg pllckselr{0x58024428}, pllcfgr{0x5802442c}, pll1divr{0x58024430};
inline constexpr reg d2ccip2r{0x58024454}, bdcr{0x58024470}, csr{0x58024474}, rsr{0x580244d0};
inline constexpr reg ahb1rstr{0x58024480}, ahb1enr{0x580244d8}, ahb2enr{0x580244dc}, ahb4enr{0x580244e0};
inline constexpr reg apb1lenr{0x580244e8}, apb4enr{0x580244f4};
inline constexpr std::uint32_t hsi48on = bit(12), hsi48rdy = bit(13), hseon = bit(16), hserdy = bit(17),
                               hsebyp = bit(18), pll1on = bit(24), pll1rdy = bit(25);
inline constexpr std::uint32_t sw_mask = 7, sw_pll1 = 3, sws_mask = 7U << 3, sws_pll1 = 3U << 3;
inline constexpr std::uint32_t pllsrc_hsi = 0, pllsrc_hse = 2, divm1_position = 4;
inline constexpr std::uint32_t pll1rge_2_to_4_mhz = 1U << 2, divp1en = bit(16);
inline constexpr std::uint32_t d1_core_1_bus_2_apb_2 = 0x048, d2_apb_2 = 0x440, d3_apb_2 = 0x040;
inline constexpr std::uint32_t usart28sel_mask = 7, usart28sel_hsi = 3, rngsel_mask = 3U << 8, rngsel_hsi48 = 0;
inline constexpr std::uint32_t lseon = bit(0), lserdy = bit(1), rtcsel_mask = 3U << 8, rtcsel_lse = 1U << 8,
                               rtcsel_lsi = 2U << 8, rtcen = bit(15), bdrst = bit(16);
inline constexpr std::uint32_t lsion = bit(0), lsirdy = bit(1);
inline constexpr std::uint32_t rmvf = bit(16), borrstf = bit(21), pinrstf = bit(22), porrstf = bit(23),
                               sftrstf = bit(24), iwdg1rstf = bit(26);
inline constexpr std::uint32_t eth1macen = bit(15), eth1txen = bit(16), eth1rxen = bit(17), eth1macrst = bit(15);
inline constexpr std::uint32_t rngen = bit(6), sram1en = bit(29), sram2en = bit(30);
inline constexpr std::uint32_t gpioaen = bit(0), gpioben = bit(1), gpiocen = bit(2), gpioden = bit(3), gpioeen = bit(4),
                               gpiogen = bit(6), bkpramen = bit(28);
inline constexpr std::uint32_t tim2en = bit(0), usart3en = bit(18), syscfgen = bit(1), rtcapben = bit(16);
}  // namespace rcc

/// Supply and voltage scaling.
namespace pwr {
inline constexpr reg cr1{0x58024800}, csr1{0x58024804}, cr2{0x58024808}, cr3{0x5802480c}, d3cr{0x58024818};
inline constexpr std::uint32_t dbp = bit(8), actvosrdy = bit(13), actvos_mask = 3U << 14;
inline constexpr std::uint32_t bren = bit(0), brrdy = bit(16);
inline constexpr std::uint32_t bypass = bit(0), ldoen = bit(1), scuen = bit(2);
inline constexpr std::uint32_t vosrdy = bit(13), vos_mask = 3U << 14, vos1 = 3U << 14, vos0 = 0;
}  // namespace pwr

/// Flash memory: wait states and programming.
namespace flash_control {
inline constexpr reg acr{0x52002000}, keyr1{0x52002004}, cr1{0x5200200c}, sr1{0x52002010}, ccr1{0x52002014};
inline constexpr std::uint32_t latency_3_fast = 0x33, latency_mask = 0x3f;
inline constexpr std::uint32_t key_1 = 0x45670123, key_2 = 0xcdef89ab;
inline constexpr std::uint32_t lock = bit(0), pg = bit(1), ser = bit(2), psize_64 = 3U << 4, start = bit(7),
                               snb_position = 8;
inline constexpr std::uint32_t bsy = bit(0), wbne = bit(1), qw = bit(2);
inline constexpr std::uint32_t wrperr = bit(17), pgserr = bit(18), strberr = bit(19), incerr = bit(21), operr = bit(22),
                               rdperr = bit(23), rdserr = bit(24), sneccerr = bit(25), dbeccerr = bit(26);
inline constexpr std::uint32_t write_errors = wrperr | pgserr | strberr | incerr | operr;
inline constexpr std::uint32_t read_errors = rdperr | rdserr | sneccerr | dbeccerr;
}  // namespace flash_control

/// System configuration, external interrupts, and the flexible memory controller's one bit that matters.
namespace syscfg {
inline constexpr reg pmcr{0x58000404}, exticr4{0x58000414}, ur18{0x58000748};
inline constexpr std::uint32_t epis_mask = 7U << 21, epis_rmii = 4U << 21, cpufreq_boost = bit(0);
}  // namespace syscfg
namespace exti {
inline constexpr reg rtsr1{0x58000000}, ftsr1{0x58000004}, imr1{0x58000080}, pr1{0x58000088};
}  // namespace exti
namespace fmc {
inline constexpr reg bcr1{0x52004000};
inline constexpr std::uint32_t bank_1_off = 0x30d2;
}  // namespace fmc

/// Ports A to H, 1 KiB apart.
namespace gpio {
inline constexpr std::uint32_t port_bytes = 0x400;
inline constexpr reg moder{0x58020000}, otyper{0x58020004}, ospeedr{0x58020008}, pupdr{0x5802000c}, idr{0x58020010},
    odr{0x58020014}, bsrr{0x58020018}, afrl{0x58020020}, afrh{0x58020024};
}  // namespace gpio

/// The console.
namespace usart3 {
inline constexpr reg cr1{0x40004800}, cr2{0x40004804}, cr3{0x40004808}, brr{0x4000480c}, isr{0x4000481c},
    icr{0x40004820}, tdr{0x40004828}, presc{0x4000482c};
inline constexpr std::uint32_t ue = bit(0), te = bit(3), fifoen = bit(29), txfeie = bit(30);
inline constexpr std::uint32_t txfnf = bit(7);
}  // namespace usart3

/// The timer of 32 bits that counts microseconds.
namespace tim2 {
inline constexpr reg cr1{0x40000000}, dier{0x4000000c}, sr{0x40000010}, egr{0x40000014}, cnt{0x40000024},
    psc{0x40000028}, arr{0x4000002c}, ccr1{0x40000034};
inline constexpr std::uint32_t cen = bit(0), cc1ie = bit(1), cc1if = bit(1), ug = bit(0);
}  // namespace tim2

/// The random number generator.
namespace rng {
inline constexpr reg cr{0x48021800}, sr{0x48021804}, dr{0x48021808}, htcr{0x48021810};
inline constexpr std::uint32_t rngen = bit(2), condrst = bit(30);
/// NIST configuration A: CONFIG1 0x0f, CONFIG2 0, CONFIG3 0xd, CLKDIV 0, clock error detection on.
inline constexpr std::uint32_t configuration_a = 0x00f00d00;
inline constexpr std::uint32_t htcr_magic = 0x17590abc, htcr_a = 0x0000aa74;
inline constexpr std::uint32_t drdy = bit(0), cecs = bit(1), secs = bit(2), ceis = bit(5), seis = bit(6);
}  // namespace rng

/// The real-time clock; its registers live on the backup supply.
namespace rtc {
inline constexpr reg tr{0x58004000}, dr{0x58004004}, cr{0x58004008}, isr{0x5800400c}, prer{0x58004010}, wpr{0x58004024},
    ssr{0x58004028}, shiftr{0x5800402c}, bkp0r{0x58004050};
inline constexpr std::uint32_t shpf = bit(3), inits = bit(4), initf = bit(6), init = bit(7), bypshad = bit(5),
                               add1s = bit(31);
inline constexpr std::uint32_t unlock_1 = 0xca, unlock_2 = 0x53, lock = 0xff;
}  // namespace rtc

/// The independent watchdog.
namespace iwdg {
inline constexpr reg kr{0x58004800}, pr{0x58004804}, rlr{0x58004808}, sr{0x5800480c};
inline constexpr std::uint32_t start = 0xcccc, unlock = 0x5555, refresh = 0xaaaa, divide_by_128 = 5;
}  // namespace iwdg

/// Ethernet: MAC, its queues (MTL) and its DMA.
namespace eth {
inline constexpr reg maccr{0x40028000}, macecr{0x40028004}, macpfr{0x40028008}, macwtr{0x4002800c}, mactfcr{0x40028070},
    macrfcr{0x40028090}, mac1ustcr{0x400280dc}, macvr{0x40028110}, macmdioar{0x40028200}, macmdiodr{0x40028204},
    maca0hr{0x40028300}, maca0lr{0x40028304}, mmcrimr{0x4002870c}, mmctimr{0x40028710};
inline constexpr reg mtltqomr{0x40028d00}, mtlrqomr{0x40028d30}, mtlrqmpocr{0x40028d34};
inline constexpr reg dmamr{0x40029000}, dmasbmr{0x40029004}, dmaccr{0x40029100}, dmactcr{0x40029104},
    dmacrcr{0x40029108}, dmactdlar{0x40029114}, dmacrdlar{0x4002911c}, dmactdtpr{0x40029120}, dmacrdtpr{0x40029128},
    dmactdrlr{0x4002912c}, dmacrdrlr{0x40029130}, dmacier{0x40029134}, dmacsr{0x40029160}, dmacmfcr{0x4002916c};

inline constexpr std::uint32_t re = bit(0), te = bit(1), dm = bit(13), fes = bit(14), acs = bit(20), cst = bit(21),
                               ipc = bit(27), sarc_replace = 3U << 28;
inline constexpr std::uint32_t mb = bit(0), mdio_write = 1U << 2, mdio_read = 3U << 2, cr_position = 8,
                               rda_position = 16, pa_position = 21;
inline constexpr std::uint32_t dzpq = bit(7), ftq = bit(0), tsf = bit(1), rsf = bit(5);
inline constexpr std::uint32_t mmc_receive_interrupts = 0x0c020060, mmc_transmit_interrupts = 0x0c20c000;
inline constexpr std::uint32_t swr = bit(0), fb = bit(0), aal = bit(12);
inline constexpr std::uint32_t st = bit(0), sr = bit(0), rbsz_position = 1, pbl_32 = 32U << 16;
inline constexpr std::uint32_t ti = bit(0), tps = bit(1), tbu = bit(2), ri = bit(6), rbu = bit(7), rps = bit(8),
                               fbe = bit(12), cde = bit(13), ais = bit(14), nis = bit(15);
inline constexpr std::uint32_t status_bits = 0xffc7;  ///< all of DMACSR that is cleared by writing ones

// Descriptors: the bits of their fourth word, and of the second as the MAC writes it back.
inline constexpr std::uint32_t own = bit(31), context = bit(30), first = bit(29), last = bit(28);
inline constexpr std::uint32_t receive_interrupt = bit(30), receive_buffer_1 = bit(24);
inline constexpr std::uint32_t receive_rs1v = bit(26), receive_error = bit(15), length_mask = 0x7fff;
inline constexpr std::uint32_t receive_header_error = bit(3), receive_payload_error = bit(7);
inline constexpr std::uint32_t transmit_interrupt = bit(31), transmit_error = bit(15);
inline constexpr std::uint32_t checksum_all = 3U << 16, checksum_header = 1U << 16;
}  // namespace eth

/// The core: interrupts, caches, memory protection, cycle counter.
namespace core {
inline constexpr reg nvic_iser{0xe000e100}, nvic_icpr{0xe000e280}, nvic_ipr{0xe000e400}, vtor{0xe000ed08},
    aircr{0xe000ed0c}, ccr{0xe000ed14}, shcsr{0xe000ed24}, cfsr{0xe000ed28}, hfsr{0xe000ed2c}, mmfar{0xe000ed34},
    bfar{0xe000ed38}, ccsidr{0xe000ed80}, csselr{0xe000ed84}, cpacr{0xe000ed88}, mpu_ctrl{0xe000ed94},
    mpu_rnr{0xe000ed98}, mpu_rbar{0xe000ed9c}, mpu_rasr{0xe000eda0}, iciallu{0xe000ef50}, dcisw{0xe000ef60};
inline constexpr reg demcr{0xe000edfc}, dwt_ctrl{0xe0001000}, dwt_cyccnt{0xe0001004}, dwt_lar{0xe0001fb0};
inline constexpr std::uint32_t reset_request = 0x05fa0004, bfhfnmign = bit(8), dcache_on = bit(16), icache_on = bit(17);
inline constexpr std::uint32_t faults_on = 7U << 16, mpu_on = 5, trace_on = bit(24), dwt_key = 0xc5acce55;
}  // namespace core

/// What identifies the chip.
namespace identity {
inline constexpr reg uid{0x1ff1e800}, dbgmcu_idcode{0x5c001000}, dbgmcu_apb4fz1{0x5c001054};
inline constexpr std::uint32_t stop_iwdg1 = bit(18);
}  // namespace identity

/// Numbers of the interrupts that wake the loop.
enum class irq : std::uint8_t { tim2 = 28, usart3 = 39, exti15_10 = 40, eth = 61 };

}  // namespace recado::nucleo_h723zg
