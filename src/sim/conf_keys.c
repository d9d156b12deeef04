/*
 * conf_keys.c - every tunable, one row each.
 *
 * Sources: "SDM" is the Intel Software Developer's Manual; "Linux 6.8 FILE"
 * a file of that kernel's source; "estimate" says that nobody published the
 * number and how ours was chosen.  Prices in cycles are for about 3.3 GHz.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "hw/config.h"
#include "sim/conf.h"

#define MEMBER(part, type, member) \
	(part), offsetof(type, member), sizeof(((type *)0)->member)
#define OS(m)     MEMBER(PART_OS, struct os_config, m)
#define LANE(m)   MEMBER(PART_LANE, struct lane_config, m)
#define COST(m)   MEMBER(PART_LANE, struct lane_config, cost.m)
#define TLB(m)    MEMBER(PART_TLB, struct tlb_config, m)
#define PWC(m)    MEMBER(PART_PWC, struct pwc_config, m)
#define CACHE(m)  MEMBER(PART_CACHE, struct cache_config, m)
#define REPLAY(m) MEMBER(PART_REPLAY, struct conf_replay, m)

#define MAX_CYCLES 1e9

static const struct conf_choice kernels[] = {
    {"linux-6.1", 601}, {"linux-6.8", 608}, {"linux-6.18", 618}, {NULL, 0}};
static const struct conf_choice page_caches[] = {{"warm", CACHE_WARM},
						 {"cold", CACHE_COLD},
						 {"recorded", CACHE_RECORDED},
						 {NULL, 0}};
static const struct conf_choice thps[] = {{"never", THP_NEVER},
					  {"madvise", THP_MADVISE},
					  {"always", THP_ALWAYS},
					  {NULL, 0}};
static const struct conf_choice mthps[] = {{"never", MTHP_NEVER},
					   {"madvise", MTHP_MADVISE},
					   {"always", MTHP_ALWAYS},
					   {"inherit", MTHP_INHERIT},
					   {NULL, 0}};
static const struct conf_choice overcommits[] = {
    {"heuristic", 0}, {"always", 1}, {"strict", 2}, {NULL, 0}};
static const struct conf_choice addresses[] = {
    {"recorded", 0}, {"model", 1}, {NULL, 0}};
static const struct conf_choice layouts[] = {
    {"top-down", 0}, {"bottom-up", 1}, {NULL, 0}};
static const struct conf_choice vforks[] = {
    {"shared", 0}, {"copied", 1}, {NULL, 0}};
static const struct conf_choice swap_readaheads[] = {
    {"cluster", SWAP_RA_CLUSTER},
    {"vma", SWAP_RA_VMA},
    {"none", SWAP_RA_NONE},
    {NULL, 0}};
static const struct conf_choice reclaims[] = {
    {"linux", RECLAIM_LINUX},     {"mglru", RECLAIM_MGLRU},
    {"fifo", RECLAIM_FIFO},       {"lru", RECLAIM_LRU},
    {"clock", RECLAIM_CLOCK},     {"second-chance", RECLAIM_SECOND_CHANCE},
    {"nru", RECLAIM_NRU},         {"aging", RECLAIM_AGING},
    {"wsclock", RECLAIM_WSCLOCK}, {"random", RECLAIM_RANDOM},
    {"opt", RECLAIM_OPT},         {NULL, 0}};
static const struct conf_choice sides[] = {{"instruction", SIDE_INSN},
					   {"data", SIDE_DATA},
					   {"both", SIDE_INSN | SIDE_DATA},
					   {"walk", SIDE_WALK},
					   {NULL, 0}};
static const struct conf_choice cache_walks[] = {{"all", WALKS_ALL},
						 {"upper", WALKS_UPPER},
						 {"none", WALKS_NONE},
						 {NULL, 0}};
static const struct conf_choice tlb_sides[] = {{"instruction", SIDE_INSN},
					       {"data", SIDE_DATA},
					       {"load", SIDE_LOAD},
					       {"store", SIDE_STORE},
					       {"both", SIDE_INSN | SIDE_DATA},
					       {NULL, 0}};
static const struct conf_choice indexes[] = {{"linear", INDEX_LINEAR},
					     {"xor", INDEX_XOR},
					     {"hash", INDEX_HASH},
					     {NULL, 0}};
static const struct conf_choice modifies[] = {
    {"load-store", 0}, {"write", 1}, {NULL, 0}};
static const struct conf_choice kernel_refs[] = {
    {"fault-only", 0}, {"priced", 1}, {NULL, 0}};
/* The level of table whose entries a walk cache keeps. */
static const struct conf_choice walk_levels[] = {
    {"pde", 1}, {"pdpte", 2}, {"pml4e", 3}, {"pml5e", 4}, {NULL, 0}};

static const struct conf_choice table_kinds[] = {
    {"radix", TABLES_RADIX},         {"hashed", TABLES_HASHED},
    {"clustered", TABLES_CLUSTERED}, {"cuckoo", TABLES_CUCKOO},
    {"inverted", TABLES_INVERTED},   {NULL, 0}};

static const struct conf_choice host_pages[] = {
    {"none", 0}, {"4K", 12}, {"2M", 21}, {"1G", 30}, {NULL, 0}};

#define TORVALDS                                                          \
	"measured on Haswell by L. Torvalds, 2014: exception entry 715, " \
	"return 330 cycles"
#define ANON_FAULT                                                            \
	"derived: a fault on a new anonymous page takes 2000-2500 cycles in " \
	"all, a read of the zero page about 1300 (L. Torvalds, 2014)"

/* One size of folio. */
#define MTHP(size, i)                                                         \
	{                                                                     \
		"os.mthp_" size, CONF_CHOICE, OS(mthp[i]), 0, 0, "", "never", \
		    mthps,                                                    \
		    "folios of " size " for anonymous memory, mapped by one " \
		    "fault; inherit: as os.thp",                              \
		    "Linux 6.8 mm/memory.c: alloc_anon_folio; all off "       \
		    "unless set"                                              \
	}

/* One price: all have the same type and range. */
#define PRICE(member, def, help, source)                                  \
	{                                                                 \
		"cost." #member, CONF_COUNT, COST(member), 0, MAX_CYCLES, \
		    "cycles", def, NULL, help, source                     \
	}

const struct conf_key conf_keys[] = {
    /* What kind of machine. */
    {"machine.memory", CONF_BYTES, OS(memory_bytes), 1 << 24, 1e15, "bytes",
     "4G", NULL, "physical memory, all of it usable by programs",
     "a common size; only matters when memory runs short"},
    {"machine.cpus", CONF_COUNT, LANE(cpus), 1, 64, "CPUs", "1", NULL,
     "CPUs, each with its own TLBs, walk caches and caches",
     "the capture tool runs one thread at a time"},
    {"machine.time_slice", CONF_COUNT, REPLAY(slice), 1, 1e12, "instructions",
     "2800000", NULL,
     "what a thread runs before another trace has its turn, or it may go to a "
     "CPU with less to do",
     "Linux 6.18 kernel/sched/fair.c: sysctl_sched_base_slice, 2.8 ms on 8 "
     "CPUs or more, at a nominal 1 GHz"},
    {"machine.frequency", CONF_FLOAT, LANE(frequency_ghz), 0.001, 100, "GHz",
     "3.3", NULL, "clock; only turns cycles into time in reports",
     "Intel i9-7900X base clock"},
    {"machine.paging", CONF_PAGING, LANE(paging), 0, 0, "", "x86-64-4level",
     NULL,
     "shape of the page tables, as the walkers see it: x86-64-4level is the "
     "kernel's own, others follow it; radix-PAGE-WIDTH...: log2 bytes of a "
     "page, index bits of each level from the root down, then /BYTES of an "
     "entry (8), as radix-12-9-9-9-9",
     "SDM vol. 3A 4.5"},
    {"machine.tables", CONF_CHOICE, LANE(tables), 0, 0, "", "radix",
     table_kinds,
     "how the page tables are organised, as the walkers see them: a tree of "
     "the shape that machine.paging says, or one table for all: hashed, 16 "
     "bytes a page; clustered, 64 bytes for 8 pages; cuckoo, three of those "
     "at once; inverted, an entry a frame.  Those need no pwc.*, whose entries "
     "are then left out",
     "SDM vol. 3A 4.5"},

    /* The kernel. */
    {"os.kernel", CONF_CHOICE, OS(kernel), 0, 0, "", "linux-6.8", kernels,
     "whose fault rules apply", "read in the sources of Linux 6.8"},
    {"os.fault_around", CONF_BYTES, OS(fault_around_bytes), 4096, 1 << 21,
     "bytes", "64K", NULL,
     "window mapped around a read fault on a cached file page; 4K turns it "
     "off",
     "Linux 6.8 mm/memory.c: fault_around_bytes"},
    {"os.readahead", CONF_BYTES, OS(readahead_bytes), 0, 1 << 28, "bytes",
     "128K", NULL, "readahead window of a file",
     "Linux 6.8 include/linux/pagemap.h: VM_READAHEAD_PAGES"},
    {"os.page_cache", CONF_CHOICE, OS(page_cache), 0, 0, "", "warm",
     page_caches,
     "files in memory when the program starts: all, none, or what was "
     "recorded",
     "a program that was run just before finds its files cached"},
    {"os.folio_order", CONF_COUNT, OS(folio_order), 0, 9, "log2 pages", "0",
     NULL,
     "folios that files cached at the start are in (os.page_cache=warm); from "
     "Linux 6.18 a fault maps a whole one",
     "programs and libraries are read in by faults, page by page (measured, "
     "doc/validation.md)"},
    {"os.folio_max", CONF_COUNT, OS(folio_max), 0, 9, "log2 pages", "0", NULL,
     "largest folio that reads and writes make in the page cache",
     "0: file systems without large folios; ext4 has them since 6.16"},
    {"os.thp", CONF_CHOICE, OS(thp), 0, 0, "", "madvise", thps,
     "transparent huge pages for anonymous memory",
     "madvise on many servers; see "
     "/sys/kernel/mm/transparent_hugepage/enabled"},
    MTHP("16k", 0),
    MTHP("32k", 1),
    MTHP("64k", 2),
    MTHP("128k", 3),
    MTHP("256k", 4),
    MTHP("512k", 5),
    MTHP("1m", 6),
    {"os.khugepaged_scan_sleep", CONF_COUNT, OS(khugepaged_scan_sleep), 0, 1e9,
     "milliseconds", "10000", NULL,
     "between two looks of khugepaged; 0: it never runs",
     "Linux 6.8 mm/khugepaged.c: khugepaged_scan_sleep_millisecs"},
    {"os.khugepaged_pages", CONF_COUNT, OS(khugepaged_pages), 1, 1e9,
     "page-table entries", "4096", NULL, "what it looks at each time",
     "Linux 6.8 mm/khugepaged.c: khugepaged_pages_to_scan"},
    {"os.max_ptes_none", CONF_COUNT, OS(max_ptes_none), 0, 511, "pages", "511",
     NULL, "khugepaged makes a huge page where at most so many are not there",
     "Linux 6.8 mm/khugepaged.c: khugepaged_max_ptes_none"},
    {"os.max_ptes_swap", CONF_COUNT, OS(max_ptes_swap), 0, 511, "pages", "64",
     NULL, "... where at most so many are in swap",
     "Linux 6.8 mm/khugepaged.c: khugepaged_max_ptes_swap"},
    {"os.max_ptes_shared", CONF_COUNT, OS(max_ptes_shared), 0, 511, "pages",
     "256", NULL, "... where at most so many are shared with other processes",
     "Linux 6.8 mm/khugepaged.c: khugepaged_max_ptes_shared"},
    {"os.zero_page", CONF_BOOL, OS(zero_page), 0, 1, "", "yes", NULL,
     "reads of untouched anonymous memory map the shared zero page; no: a page "
     "of its own, as where mm_forbids_zeropage() says so",
     "Linux 6.8 mm/memory.c: do_anonymous_page"},
    {"os.nr_hugepages", CONF_COUNT, OS(nr_hugepages), 0, 1 << 24,
     "pages of 2 MiB", "0", NULL,
     "the pool that MAP_HUGETLB takes from, out of machine.memory",
     "Linux 6.8 mm/hugetlb.c: /proc/sys/vm/nr_hugepages, 0 unless set"},
    {"os.use_zero_page", CONF_BOOL, OS(use_zero_page), 0, 1, "", "yes", NULL,
     "reads of untouched huge-page memory map the huge zero page",
     "Linux 6.8 mm/huge_memory.c: transparent_hugepage_flags"},
    {"os.vfork", CONF_CHOICE, OS(vfork_copies), 0, 0, "", "shared", vforks,
     "until it calls exec, a child of vfork or posix_spawn has its parent's "
     "memory, or a copy as of fork",
     "Linux 6.8 kernel/fork.c: copy_mm; Valgrind runs every vfork as fork, so "
     "`pagewalk validate` sets copied"},
    {"os.mmap_probe", CONF_BOOL, OS(mmap_probes), 0, 1, "", "no", NULL,
     "mmap of a file that can be read also reads its first kilobyte through "
     "the same descriptor",
     "no kernel does; Valgrind does, looking for debug information, so "
     "`pagewalk validate` sets yes"},
    {"os.stack_guard_pages", CONF_COUNT, OS(stack_guard_pages), 0, 1 << 20,
     "pages", "256", NULL, "gap kept below a growing stack",
     "Linux 6.8 mm/mmap.c: stack_guard_gap"},
    {"os.addresses", CONF_CHOICE, OS(own_addresses), 0, 0, "", "recorded",
     addresses,
     "where mappings without a fixed address are: where they were recorded, or "
     "where Linux would have put them; what the trace says of them is then "
     "translated",
     "Valgrind's choice of addresses is not Linux's"},
    {"os.mmap_layout", CONF_CHOICE, OS(legacy_layout), 0, 0, "", "top-down",
     layouts,
     "where mappings without an address go: down from below the stack, or up "
     "from a third of the address space",
     "Linux 6.8 arch/x86/mm/mmap.c: arch_pick_mmap_layout"},
    {"os.overcommit", CONF_CHOICE, OS(overcommit), 0, 0, "", "heuristic",
     overcommits, "whether promises of memory are refused",
     "Linux 6.8 mm/util.c: sysctl_overcommit_memory"},
    {"os.overcommit_ratio", CONF_COUNT, OS(overcommit_ratio), 0, 1000, "%",
     "50", NULL, "share of memory that os.overcommit=strict promises",
     "Linux 6.8 mm/util.c: sysctl_overcommit_ratio"},
    {"os.max_map_count", CONF_COUNT, OS(max_map_count), 1, 1 << 30, "mappings",
     "65530", NULL, "mappings that a process may have",
     "Linux 6.8 include/linux/mm.h: DEFAULT_MAX_MAP_COUNT"},
    {"os.limit_as", CONF_BYTES, OS(limit_as), 0, 2e15, "bytes", "1000T", NULL,
     "RLIMIT_AS, the address space a process may have; 1000T or more: no limit",
     "unlimited in login shells"},
    {"os.limit_data", CONF_BYTES, OS(limit_data), 0, 2e15, "bytes", "1000T",
     NULL,
     "RLIMIT_DATA, the private writable memory a process may have; 1000T or "
     "more: no limit",
     "unlimited in login shells"},
    {"os.limit_memlock", CONF_BYTES, OS(limit_memlock), 0, 2e15, "bytes", "8M",
     NULL,
     "RLIMIT_MEMLOCK, the memory a process may lock; 1000T or more: no limit",
     "Linux 5.16 include/uapi/linux/resource.h: MLOCK_LIMIT"},
    {"os.privileged", CONF_BOOL, OS(privileged), 0, 1, "", "no", NULL,
     "programs may lock any memory, map address 0, and have the memory kept "
     "for administrators",
     "root has CAP_IPC_LOCK, CAP_SYS_RAWIO and CAP_SYS_ADMIN"},
    {"os.swap", CONF_BYTES, OS(swap_bytes), 0, 1e15, "bytes", "0", NULL,
     "swap space", "none, as in most containers"},
    {"os.swappiness", CONF_COUNT, OS(swappiness), 0, 200, "", "60", NULL,
     "how readily anonymous pages are reclaimed",
     "Linux 6.8 mm/vmscan.c: vm_swappiness"},
    {"os.dirty_writeback", CONF_COUNT, OS(dirty_writeback), 0, 1e7,
     "centiseconds", "500", NULL,
     "how often the flusher looks for dirty pages of files; 0: never",
     "Linux 6.8 mm/page-writeback.c: dirty_writeback_interval"},
    {"os.dirty_expire", CONF_COUNT, OS(dirty_expire), 1, 1e7, "centiseconds",
     "3000", NULL, "how long a file may be dirty",
     "Linux 6.8 mm/page-writeback.c: dirty_expire_interval"},
    {"os.dirty_background_ratio", CONF_COUNT, OS(dirty_background_ratio), 1,
     100, "%", "10", NULL,
     "share of free memory and page cache that may be dirty before the "
     "flusher writes at once",
     "Linux 6.8 mm/page-writeback.c: dirty_background_ratio"},
    {"os.dirty_ratio", CONF_COUNT, OS(dirty_ratio), 1, 100, "%", "20", NULL,
     "share of it that may be dirty; from halfway between both, a program that "
     "writes waits until pages are written",
     "Linux 6.8 mm/page-writeback.c: vm_dirty_ratio, balance_dirty_pages"},
    {"os.swap_readahead", CONF_CHOICE, OS(swap_readahead), 0, 0, "", "vma",
     swap_readaheads,
     "what is read with a page from swap: its neighbours in the mapping (no "
     "rotating disk), an aligned block of slots, nothing",
     "Linux 6.8 mm/swap_state.c: swapin_readahead"},
    {"os.page_cluster", CONF_COUNT, OS(page_cluster), 0, 5, "log2 pages", "3",
     NULL, "largest swap readahead", "Linux 6.8 mm/swap.c: page_cluster"},
    {"os.reclaim", CONF_CHOICE, OS(reclaim), 0, 0, "", "linux", reclaims,
     "which page goes when memory is short: Linux's active and inactive lists, "
     "its generations, or a textbook's policy over os.frames frames",
     "Linux 6.8 mm/vmscan.c; Tanenbaum, Modern Operating Systems, ch. 3"},
    {"os.frames", CONF_COUNT, OS(frames), 2, 1u << 30, "frames", "64", NULL,
     "frames that all processes share under a textbook's policy; page tables "
     "not counted",
     "the textbook's"},
    {"os.reclaim_tick", CONF_COUNT, OS(reclaim_tick), 1, 1e15, "instructions",
     "1000000", NULL, "between two samples of accessed bits (nru, aging)",
     "a clock tick of a millisecond at 1 GHz"},
    {"os.working_set", CONF_COUNT, OS(working_set), 1, 1e15, "instructions",
     "10000000", NULL, "window of reclaim=wsclock", "ten ticks"},
    {"os.write_notify", CONF_BOOL, OS(write_notify), 0, 1, "", "yes", NULL,
     "the file system wants to know of the first write to a shared page",
     "ext4, xfs and btrfs have page_mkwrite; tmpfs has not"},
    {"os.instructions_per_second", CONF_COUNT, OS(instructions_per_second), 1,
     1e12, "instructions/s", "2g", NULL,
     "rate at which the kernel's clock advances with instructions",
     "estimate: 0.6 instructions a cycle at 3.3 GHz"},

    /* The core. */
    {"cpu.cpi", CONF_FLOAT, LANE(cpi), 0, 100, "cycles/instruction", "1", NULL,
     "cycles an instruction takes without translation stalls",
     "a simple in-order core"},
    {"cpu.asids", CONF_COUNT, LANE(asid_limit), 0, 4096, "", "6", NULL,
     "address-space tags the kernel uses at a time on a CPU; 0: a switch "
     "flushes the TLBs",
     "Linux 6.8 arch/x86/mm/tlb.c: TLB_NR_DYN_ASIDS"},
    {"cpu.kpti", CONF_BOOL, LANE(kpti), 0, 1, "", "no", NULL,
     "page-table isolation: CR3 is written at each entry to the kernel and "
     "exit, "
     "which flushes where there are no tags (cpu.asids = 0)",
     "Linux 6.8 Documentation/arch/x86/pti.rst; only on processors that "
     "Meltdown affects"},
    {"cpu.broadcast_from", CONF_COUNT, LANE(broadcast_from), 0, 64, "CPUs", "0",
     NULL,
     "invalidations are broadcast by an instruction (INVLPGB, TLBI) where at "
     "least so many other CPUs run the address space; 0: never, each is "
     "interrupted",
     "Linux 6.15 and AMD Zen 3 servers: 3 (arch/x86/mm/tlb.c: "
     "consider_global_asid); Arm: 1"},
    {"cpu.data_caches", CONF_BOOL, LANE(data_caches), 0, 1, "", "no", NULL,
     "the program's own references go through the caches too, and wait there",
     "off: the caches then hold page-table entries only, which flatters walks"},

    /* The walker. */
    {"walker.start_cycles", CONF_COUNT, LANE(walk_start_cycles), 0, MAX_CYCLES,
     "cycles", "12", NULL, "fixed part of every page walk",
     "Skylake: a walk with one load from L1 or L2 costs 25.8 cycles (vusec "
     "tlbkit), less 14 of an L2 hit"},
    {"walker.ad_assist_cycles", CONF_COUNT, LANE(ad_assist_cycles), 0,
     MAX_CYCLES, "cycles", "25", NULL,
     "setting the accessed or the dirty bit of an entry",
     "estimate: a locked read-modify-write of a cached line"},

    /* TLBs. */
    {"tlb.*.level", CONF_COUNT, TLB(level), 1, 8, "", "1", NULL,
     "1 is looked up first, then 2, ...", "how the structure is described"},
    {"tlb.*.sides", CONF_CHOICE, TLB(sides), 0, 0, "", "both", tlb_sides,
     "which references look here; load and store: arrays of their own, as "
     "Intel's since 2019",
     "how the structure is described"},
    {"tlb.*.pages", CONF_PAGES, TLB(page_sizes), 0, 0, "", NULL, NULL,
     "page sizes it holds, such as: 4K 2M", "how the structure is described"},
    {"tlb.*.entries", CONF_COUNT, TLB(entries), 0, 1 << 20, "entries", NULL,
     NULL, "how many translations it holds; 0 removes it",
     "CPUID leaf 2 or 0x18"},
    {"tlb.*.ways", CONF_WAYS, TLB(ways), 1, 1 << 20, "ways", "full", NULL,
     "associativity; entries must be a multiple", "CPUID leaf 2 or 0x18"},
    {"tlb.*.replacement", CONF_POLICY, TLB(repl), 0, 0, "", "lru", NULL,
     "which way is given up",
     "Intel's first levels behave as tree-PLRU (TLB;DR, USENIX Security 2022)"},
    {"tlb.*.index", CONF_CHOICE, TLB(index), 0, 0, "", "linear", indexes,
     "how the set is found: low bits of the page number, those xor the next "
     "ones, or of a hash of all of it",
     "first levels linear, Skylake's second level xor (TLBleed, 2018)"},
    {"tlb.*.hit_cycles", CONF_COUNT, TLB(hit_cycles), 0, MAX_CYCLES, "cycles",
     "0", NULL, "added when the translation is found here",
     "a first-level hit is part of the pipeline"},
    {"tlb.*.asids", CONF_COUNT, TLB(asids), 0, 16, "tags", "0", NULL,
     "address-space tags whose entries it holds at a time, the one that runs "
     "included; 0: any number",
     "Skylake's second level holds four (TLB;DR, USENIX Security 2022)"},

    {"tlb.*.coalesce", CONF_COUNT, TLB(coalesce), 1, 16, "pages", "1", NULL,
     "neighbouring pages that an entry may hold, of an aligned group of so "
     "many: those with neighbouring frames, the same rights and bits",
     "1: none; CoLT (Pham et al., MICRO 2012); AMD's Zen 4"},

    /* Paging-structure caches. */
    {"pwc.*.level", CONF_CHOICE, PWC(level), 0, 0, "", NULL, walk_levels,
     "which entries it keeps", "SDM vol. 3A 4.10.3"},
    {"pwc.*.entries", CONF_COUNT, PWC(entries), 0, 1 << 16, "entries", NULL,
     NULL, "how many; 0 removes it",
     "no vendor publishes it; ChampSim's sizes are 2, 4, 8, 32"},
    {"pwc.*.ways", CONF_WAYS, PWC(ways), 1, 1 << 16, "ways", "full", NULL,
     "associativity; entries must be a multiple", "no vendor publishes it"},
    {"pwc.*.replacement", CONF_POLICY, PWC(repl), 0, 0, "", "lru", NULL,
     "which entry is given up", "no vendor publishes it"},
    {"pwc.*.hit_cycles", CONF_COUNT, PWC(hit_cycles), 0, MAX_CYCLES, "cycles",
     "0", NULL, "added when a walk starts from an entry found here",
     "1 in Virtuoso's base configuration"},

    /* Under a host. */
    {"nested.page", CONF_CHOICE, LANE(nested.page_shift), 0, 0, "", "none",
     host_pages,
     "the kernel is a guest, and its host has pages of this size: walks have "
     "two dimensions; none: no host",
     "SDM vol. 3C 29.3; AMD64 manual vol. 2, 15.25"},
    {"nested.tlb_entries", CONF_COUNT, LANE(nested.tlb_entries), 0, 1 << 16,
     "entries", "16", NULL,
     "nested TLB: guest-physical pages whose place is known; 0: none",
     "Bhargava et al., Accelerating Two-Dimensional Page Walks, ASPLOS 2008"},
    {"nested.pwc_entries", CONF_COUNT, LANE(nested.pwc_entries), 0, 1 << 16,
     "entries", "4", NULL,
     "upper entries of the host's tables that are cached, at each level",
     "estimate: no vendor publishes it"},

    /* Caches that page walks (and data, if asked) load through. */
    {"cache.*.level", CONF_COUNT, CACHE(level), 1, 8, "", NULL, NULL,
     "1 is nearest to the core", "how the structure is described"},
    {"cache.*.sides", CONF_CHOICE, CACHE(sides), 0, 0, "", "both", sides,
     "which references it serves; walk: loads of page walks and nothing else",
     "how the structure is described"},
    {"cache.*.walks", CONF_CHOICE, CACHE(walks), 0, 0, "", "all", cache_walks,
     "which loads of page walks look in a cache of data or of walks: all, of "
     "entries above the last level, none: they go past it",
     "how the structure is described; upper: AMD's unified walk cache "
     "(Bhargava et al., ASPLOS 2008)"},
    {"cache.*.size", CONF_BYTES, CACHE(bytes), 0, 1e12, "bytes", NULL, NULL,
     "capacity; 0 removes it", "CPUID leaf 4"},
    {"cache.*.ways", CONF_COUNT, CACHE(ways), 1, 4096, "ways", NULL, NULL,
     "associativity; size must be a multiple of ways times line",
     "CPUID leaf 4"},
    {"cache.*.line", CONF_BYTES, CACHE(line_bytes), 8, 4096, "bytes", "64",
     NULL, "bytes of a line, a power of two", "CPUID leaf 4"},
    {"cache.*.replacement", CONF_POLICY, CACHE(repl), 0, 0, "", "lru", NULL,
     "which line is given up", "assumed; measured parts are near tree-PLRU"},
    {"cache.*.hit_cycles", CONF_COUNT, CACHE(hit_cycles), 0, MAX_CYCLES,
     "cycles", NULL, NULL, "load to use, from the core",
     "InstLatx64 pointer-chase tables"},
    {"memory.cycles", CONF_COUNT, LANE(memory_cycles), 0, MAX_CYCLES, "cycles",
     "279", NULL, "a load that no cache holds, from the core",
     "InstLatx64: 279 clocks on an i9-7900X"},

    /* Prices of kernel work. */
    PRICE(fault_entry, "715", "exception entry, up to the handler", TORVALDS),
    PRICE(fault_exit, "330", "return from the exception", TORVALDS),
    PRICE(fault_handler, "255", "finding the mapping and deciding",
	  "what is left of 1300 cycles for a read of the zero page (L. "
	  "Torvalds, 2014)"),
    PRICE(syscall, "200", "entry and exit of a system call",
	  "estimate: a third of the 192 ns that an lseek loop takes (D. "
	  "Hansen, linux-kernel, 2017)"),
    PRICE(page_zero, "1000", "zeroing a 4 KiB page", ANON_FAULT),
    PRICE(page_copy, "1700", "copying a 4 KiB page",
	  "derived: a copy-on-write fault takes about 3000 cycles in all"),
    PRICE(table_alloc, "800", "allocating a page-table page",
	  "derived: the first fault in a 2 MiB region costs that much more"),
    PRICE(table_free, "300", "freeing a page-table page",
	  "estimate: no zeroing, batched"),
    PRICE(pte_set, "60", "writing a further entry (fault-around, fork)",
	  "derived from fault-around: about 60 cycles for each further page"),
    PRICE(pte_clear, "40", "clearing an entry",
	  "estimate: less than setting one, which also takes a reference"),
    PRICE(device_read, "264000", "waiting for the backing device, each request",
	  "80 microseconds: 4 KiB read of a common NVMe drive at depth 1"),
    PRICE(page_read, "4500", "transferring a 4 KiB page from the device",
	  "3 GB/s, a common NVMe drive"),
    PRICE(page_write, "4500", "transferring a 4 KiB page to the device",
	  "3 GB/s, a common NVMe drive"),
    PRICE(page_scan, "200", "examining a page in reclaim",
	  "estimate: one reverse-mapping walk with a cache miss"),
    PRICE(copy_kib, "300", "copying 1 KiB between user memory and page cache",
	  "about 11 GB/s"),
    PRICE(vma_change, "500", "making, splitting, merging or removing a mapping",
	  "estimate: an allocation and a maple-tree update"),
    PRICE(invlpg, "330", "invalidating one page",
	  "100 ns (Linux 6.8 arch/x86/mm/tlb.c, comment on the flush ceiling)"),
    PRICE(flush_all, "100", "flushing an address space",
	  "a write of CR3: order of 100 cycles (Linux 6.8 "
	  "Documentation/arch/x86/pti.rst)"),
    PRICE(cr3_write, "100",
	  "switching page tables at a border of the kernel (cpu.kpti)",
	  "order of 100 cycles (Linux 6.8 Documentation/arch/x86/pti.rst)"),
    PRICE(ipi, "1700",
	  "interrupting another CPU for a shootdown, each receiver",
	  "1.6 microseconds with 3 receivers (unseel.com, TLB shootdown)"),
    PRICE(broadcast, "1700", "invalidating on all CPUs at once",
	  "estimate: as long as one interrupt; no figure was found"),
    PRICE(context_switch, "2000", "switching address spaces",
	  "half of the 1.2 microseconds of a ping-pong through eventfd "
	  "(PCID patch series v4, linux-kernel, 2017)"),

    /* How a trace is replayed. */
    {"replay.modify", CONF_CHOICE, REPLAY(modify_is_write), 0, 0, "",
     "load-store", modifies,
     "a modify (read and write of one operand) is two accesses or one write",
     "load-store is what the recording tool itself executes; a processor may "
     "take the one fault of a write"},
    {"replay.kernel_refs", CONF_CHOICE, REPLAY(price_kernel_refs), 0, 0, "",
     "fault-only", kernel_refs,
     "the kernel's accesses to user memory in system calls: only take faults, "
     "or look in the TLBs too",
     "most studies count user-mode translations only"},

    {NULL, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL},
};
