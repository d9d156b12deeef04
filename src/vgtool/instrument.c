/*
 * instrument.c - what is added to the program's code.
 *
 * A superblock becomes one definition (VGR_DEF), written when it is
 * translated, and a record of a number and some addresses each time it runs.
 * Addresses that follow from an earlier one of the block (stack pushes,
 * members of one struct) or are constant are in the definition only.
 *
 * A superblock can be left in its middle, inside an instruction (REP string
 * instructions).  Then the record's number says how far it came: number
 * id + k stands for what lies before exit k.  Where the code is not straight,
 * or too long, a record ends and another begins.
 *
 * The number is stored when a record begins and cur moves on when it ends, so
 * that after a fault the record under way is still there (ring.c).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "vgtool/pw.h"
#include <pub_tool_aspacemgr.h>
#include <pub_tool_libcassert.h>
#include <pub_tool_libcbase.h>
#include <pub_tool_libcprint.h>
#include <pub_tool_machine.h>
#include <pub_tool_mallocfree.h>
#include "trace/block.h"

#define MAX_INSNS    200
#define MAX_SLOTS    600
#define MAX_PREFIXES 64
#define NO_DYN       0xffffu

/* What is known of a temporary: base + offset; base NO_BASE: a constant. */
#define NO_BASE 0xffffffffu
struct value {
	UInt base;
	ULong offset;
	UInt dyn;         /* of a base: its address in this record, or NO_DYN */
	UInt record;      /* the record dyn is of */
	ULong dyn_offset; /* base's value is that address minus this */
};

struct build {
	IRSB *out;
	IRTemp cur;
	Bool open; /* a record is begun */
	UInt record, id;
	Addr start, next;
	UInt insns, slots, dyns, prefixes;
	IRExpr *last_addr; /* of the last slot, if a store may make it modify */
	UChar insn_bytes[MAX_INSNS];
	struct vgr_slot_def slot[MAX_SLOTS];
	struct vgr_prefix prefix[MAX_PREFIXES];
	struct value *values;
	UInt n_values, cap_values;
};

static struct build b;

/* --- small pieces of IR --- */

static void
emit(IRStmt *s)
{
	addStmtToIRSB(b.out, s);
}

static IRExpr *
assign(IRType type, IRExpr *e)
{
	IRTemp t = newIRTemp(b.out->tyenv, type);

	emit(IRStmt_WrTmp(t, e));
	return IRExpr_RdTmp(t);
}

static IRExpr *
u32(UInt v)
{
	return IRExpr_Const(IRConst_U32(v));
}

static IRExpr *
u64(ULong v)
{
	return IRExpr_Const(IRConst_U64(v));
}

static IRExpr *
at_cur(UInt offset)
{
	IRExpr *cur = IRExpr_RdTmp(b.cur);

	if (!offset)
		return cur;
	return assign(Ity_I64, IRExpr_Binop(Iop_Add64, cur, u64(offset)));
}

/* --- values --- */

static struct value *
value_of(IRTemp t)
{
	return t < b.n_values ? &b.values[t] : NULL;
}

static void
values_reset(UInt n)
{
	UInt i;

	if (n > b.cap_values) {
		b.cap_values = n * 2;
		b.values = VG_(realloc)("pw.values", b.values,
					b.cap_values * sizeof *b.values);
	}
	b.n_values = n;
	for (i = 0; i < n; i++)
		b.values[i] = (struct value){.base = i, .dyn = NO_DYN};
}

/* Learn what t = e says, if it is a base plus or minus a constant. */
static void
learn(IRTemp t, const IRExpr *e)
{
	const IRExpr *x = e, *c = NULL;
	struct value *v = value_of(t), *from;
	ULong offset = 0;

	if (!v)
		return;
	if (e->tag == Iex_Binop &&
	    (e->Iex.Binop.op == Iop_Add64 || e->Iex.Binop.op == Iop_Sub64)) {
		x = e->Iex.Binop.arg1;
		c = e->Iex.Binop.arg2;
		if (c->tag != Iex_Const)
			return;
		offset = c->Iex.Const.con->Ico.U64;
		if (e->Iex.Binop.op == Iop_Sub64)
			offset = -offset;
	}
	if (x->tag == Iex_RdTmp && (from = value_of(x->Iex.RdTmp.tmp))) {
		v->base = from->base;
		v->offset = from->offset + offset;
	} else if (x->tag == Iex_Const && x->Iex.Const.con->tag == Ico_U64) {
		v->base = NO_BASE;
		v->offset = x->Iex.Const.con->Ico.U64 + offset;
	}
}

/* --- records --- */

static void
record_begin(void)
{
	b.open = True;
	b.record++;
	b.id = pw.next_id;
	b.insns = b.slots = b.dyns = 0;
	b.prefixes = 1;
	b.last_addr = NULL;
	b.cur = newIRTemp(b.out->tyenv, Ity_I64);
	emit(IRStmt_WrTmp(b.cur, IRExpr_Get((Int)ring_cur_offset(), Ity_I64)));
	emit(IRStmt_Store(Iend_LE, IRExpr_RdTmp(b.cur), u32(b.id)));
}

static UInt
record_bytes(void)
{
	return 4 + 8 * b.dyns;
}

/* cur = new; if it is beyond the limit, make room. */
static void
advance(IRExpr *new)
{
	IRDirty *d;
	IRExpr *limit, *full;
	Int at = (Int)ring_cur_offset();

	emit(IRStmt_Put(at, new));
	limit = assign(Ity_I64, IRExpr_Get((Int)ring_limit_offset(), Ity_I64));
	full = assign(Ity_I1, IRExpr_Binop(Iop_CmpLT64U, limit, new));
	d = unsafeIRDirty_0_N(0, "ring_refill",
			      VG_(fnptr_to_fnentry)(&ring_refill),
			      mkIRExprVec_1(IRExpr_GSPTR()));
	d->guard = full;
	d->nFxState = 2;
	VG_(memset)(d->fxState, 0, sizeof d->fxState);
	d->fxState[0].fx = Ifx_Modify;
	d->fxState[0].offset = (UShort)at;
	d->fxState[0].size = 8;
	d->fxState[1].fx = Ifx_Modify;
	d->fxState[1].offset = (UShort)ring_limit_offset();
	d->fxState[1].size = 8;
	emit(IRStmt_Dirty(d));
}

static void
write_definition(void)
{
	SizeT slots = b.slots * sizeof b.slot[0];
	SizeT prefixes = b.prefixes * sizeof b.prefix[0];
	struct vgr_def *d;
	UChar *p;

	d = ring_record(VGR_DEF, sizeof *d + slots + prefixes + b.insns, False);
	d->start = b.start;
	d->id = b.id;
	d->insns = (UShort)b.insns;
	d->slots = (UShort)b.slots;
	d->prefixes = (UShort)b.prefixes;
	p = (UChar *)(d + 1);
	VG_(memcpy)(p, b.slot, slots);
	VG_(memcpy)(p + slots, b.prefix, prefixes);
	VG_(memcpy)(p + slots + prefixes, b.insn_bytes, b.insns);
	ring_commit();
}

static void
record_end(void)
{
	b.prefix[0].insns = (UShort)b.insns;
	b.prefix[0].slots = (UShort)b.slots;
	pw.next_id = b.id + b.prefixes;
	write_definition();
	advance(at_cur(record_bytes()));
	b.open = False;
}

/* An exit with more of this record behind it. */
static void
record_exit(IRExpr *guard)
{
	IRExpr *id, *step, *new;
	UInt k = b.prefixes;

	if (k == MAX_PREFIXES) { /* cannot be told apart: cut here instead */
		record_end();
		return;
	}
	b.prefix[k].insns = (UShort)b.insns;
	b.prefix[k].slots = (UShort)b.slots;
	b.prefixes++;
	id = assign(Ity_I32, IRExpr_ITE(guard, u32(b.id + k), u32(b.id)));
	emit(IRStmt_Store(Iend_LE, IRExpr_RdTmp(b.cur), id));
	step = assign(Ity_I64, IRExpr_ITE(guard, u64(record_bytes()), u64(0)));
	new =
	    assign(Ity_I64, IRExpr_Binop(Iop_Add64, IRExpr_RdTmp(b.cur), step));
	advance(new);
	b.last_addr = NULL;
}

static void
add_insn(Addr addr, UInt bytes)
{
	if (b.open &&
	    (addr != b.next || b.insns == MAX_INSNS || b.slots > MAX_SLOTS / 2))
		record_end();
	if (!b.open) {
		record_begin();
		b.start = addr;
	}
	b.insn_bytes[b.insns++] = (UChar)bytes;
	b.next = addr + bytes;
	b.last_addr = NULL;
}

/* --- data references --- */

static void
store_dynamic(IRExpr *addr)
{
	IRExpr *where = at_cur(record_bytes());

	emit(IRStmt_Store(Iend_LE, where, addr));
	b.dyns++;
}

static void
place_conditional(struct vgr_slot_def *s, IRExpr *addr, IRExpr *guard)
{
	s->kind = VGS_CONDITIONAL;
	s->ref = (UShort)b.dyns;
	store_dynamic(
	    assign(Ity_I64, IRExpr_ITE(guard, addr, u64(VGR_NOT_DONE))));
}

/* Say how the address of slot s is known, storing it if nothing else will. */
static void
place(struct vgr_slot_def *s, IRExpr *addr)
{
	struct value *v = NULL, *base;

	if (addr->tag == Iex_Const) {
		s->kind = VGS_CONST;
		s->value = addr->Iex.Const.con->Ico.U64;
		return;
	}
	v = value_of(addr->Iex.RdTmp.tmp);
	if (v && v->base == NO_BASE) {
		s->kind = VGS_CONST;
		s->value = v->offset;
		return;
	}
	base = v ? &b.values[v->base] : NULL;
	if (base && base->dyn != NO_DYN && base->record == b.record) {
		s->kind = VGS_DERIVED;
		s->ref = (UShort)base->dyn;
		s->value = v->offset - base->dyn_offset;
		return;
	}
	s->kind = VGS_DYNAMIC;
	s->ref = (UShort)b.dyns;
	if (base) {
		base->dyn = b.dyns;
		base->record = b.record;
		base->dyn_offset = v->offset;
	}
	store_dynamic(addr);
}

static void
add_ref(UInt op, IRExpr *addr, Int bytes, IRExpr *guard)
{
	struct vgr_slot_def *s;

	if (op == REF_STORE && b.last_addr && !guard &&
	    b.slot[b.slots - 1].bytes == bytes && eqIRAtom(b.last_addr, addr)) {
		b.slot[b.slots - 1].op = REF_MODIFY;
		b.last_addr = NULL;
		return;
	}
	tl_assert(b.open && b.slots < MAX_SLOTS);
	s = &b.slot[b.slots++];
	*s = (struct vgr_slot_def){.insn = (UShort)(b.insns - 1),
				   .bytes = (UShort)bytes,
				   .op = (UChar)op};
	if (guard)
		place_conditional(s, addr, guard);
	else
		place(s, addr);
	b.last_addr = op == REF_LOAD && !guard ? addr : NULL;
}

static void
add_dirty(const IRDirty *d)
{
	IRExpr *guard = d->guard;

	if (d->mFx == Ifx_None)
		return;
	if (guard && guard->tag == Iex_Const)
		guard = NULL; /* always; a constant false is never emitted */
	if (d->mFx == Ifx_Read || d->mFx == Ifx_Modify)
		add_ref(REF_LOAD, d->mAddr, d->mSize, guard);
	if (d->mFx == Ifx_Write || d->mFx == Ifx_Modify)
		add_ref(REF_STORE, d->mAddr, d->mSize, guard);
}

static Int
type_bytes(const IRExpr *e)
{
	return sizeofIRType(typeOfIRExpr(b.out->tyenv, e));
}

static void
add_loadg(const IRLoadG *l)
{
	IRType result, loaded;

	typeOfIRLoadGOp(l->cvt, &result, &loaded);
	add_ref(REF_LOAD, l->addr, sizeofIRType(loaded), l->guard);
}

static void
add_cas(const IRCAS *cas)
{
	Int bytes = type_bytes(cas->dataLo) * (cas->dataHi ? 2 : 1);

	add_ref(REF_LOAD, cas->addr, bytes, NULL);
	add_ref(REF_STORE, cas->addr, bytes, NULL);
}

static void
add_llsc(const IRStmt *st)
{
	if (!st->Ist.LLSC.storedata)
		add_ref(REF_LOAD, st->Ist.LLSC.addr,
			sizeofIRType(
			    typeOfIRTemp(b.out->tyenv, st->Ist.LLSC.result)),
			NULL);
	else
		add_ref(REF_STORE, st->Ist.LLSC.addr,
			type_bytes(st->Ist.LLSC.storedata), NULL);
}

static void
add_tmp(const IRStmt *st)
{
	const IRExpr *e = st->Ist.WrTmp.data;

	if (e->tag == Iex_Load)
		add_ref(REF_LOAD, e->Iex.Load.addr,
			sizeofIRType(e->Iex.Load.ty), NULL);
	else
		learn(st->Ist.WrTmp.tmp, e);
}

/* Add what st says to the record, before st itself. */
static void
add_stmt(const IRStmt *st)
{
	switch (st->tag) {
	case Ist_IMark:
		add_insn(st->Ist.IMark.addr, st->Ist.IMark.len);
		break;
	case Ist_WrTmp:
		add_tmp(st);
		break;
	case Ist_Store:
		add_ref(REF_STORE, st->Ist.Store.addr,
			type_bytes(st->Ist.Store.data), NULL);
		break;
	case Ist_StoreG:
		add_ref(REF_STORE, st->Ist.StoreG.details->addr,
			type_bytes(st->Ist.StoreG.details->data),
			st->Ist.StoreG.details->guard);
		break;
	case Ist_LoadG:
		add_loadg(st->Ist.LoadG.details);
		break;
	case Ist_Dirty:
		add_dirty(st->Ist.Dirty.details);
		break;
	case Ist_CAS:
		add_cas(st->Ist.CAS.details);
		break;
	case Ist_LLSC:
		add_llsc(st);
		break;
	default:
		break;
	}
}

static Bool
refers(const IRStmt *st)
{
	switch (st->tag) {
	case Ist_IMark:
	case Ist_Store:
	case Ist_StoreG:
	case Ist_LoadG:
	case Ist_CAS:
	case Ist_LLSC:
		return True;
	case Ist_WrTmp:
		return st->Ist.WrTmp.data->tag == Iex_Load;
	case Ist_Dirty:
		return st->Ist.Dirty.details->mFx != Ifx_None;
	default:
		return False;
	}
}

static Int
last_reference(const IRSB *in)
{
	Int i = in->stmts_used - 1;

	while (i >= 0 && !refers(in->stmts[i]))
		i--;
	return i;
}

IRSB *
pw_instrument(VgCallbackClosure *closure, IRSB *in,
	      const VexGuestLayout *layout, const VexGuestExtents *vge,
	      const VexArchInfo *archinfo, IRType guest_word, IRType host_word)
{
	Int i = 0, last = last_reference(in);

	(void)layout, (void)vge, (void)archinfo;
	events_image(closure->tid);
	if (guest_word != host_word)
		VG_(tool_panic)("host/guest word size mismatch");
	b.out = deepCopyIRSBExceptStmts(in);
	b.open = False;
	values_reset((UInt)in->tyenv->types_used);
	while (i < in->stmts_used && in->stmts[i]->tag != Ist_IMark)
		emit(in->stmts[i++]);
	for (; i < in->stmts_used; i++) {
		IRStmt *st = in->stmts[i];

		if (st->tag == Ist_NoOp)
			continue;
		if (b.open && i > last &&
		    (st->tag == Ist_Exit || i == in->stmts_used - 1))
			record_end();
		else if (b.open && st->tag == Ist_Exit)
			record_exit(st->Ist.Exit.guard);
		add_stmt(st);
		emit(st);
	}
	if (b.open)
		record_end();
	return b.out;
}
