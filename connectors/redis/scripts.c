/* scripts.c - every change of state, as Lua that Redis runs at once or not at all
 *
 * KEYS[1] is the job's hash (of the generation: the cluster's). All other keys of a job begin with
 * it and share its hash tag, so they lie in one slot. Numbers up to 2^53 are exact in Lua; that
 * covers microseconds and chunk numbers.
 *
 * A stale generation is answered with a single "o", a batch that went through with a single "g".
 */
#include "connectors/redis/internal.h"

/* The fence: an unknown job has no generation and refuses all; a newer leader is remembered. */
#define S_FENCE                                                                                    \
	"local given = tonumber(ARGV[1])\n"                                                            \
	"local record = redis.call('HMGET', KEYS[1], 'generation', 'n_chunks')\n"                      \
	"local stored = tonumber(record[1] or '')\n"                                                   \
	"if not stored or given < stored then return 'o' end\n"                                        \
	"if given > stored then redis.call('HSET', KEYS[1], 'generation', ARGV[1]) end\n"

/* ARGV[2] is what batch.c packs: layers of
 *   u16 n_checks, n_checks * 8 bytes of fields, u16 n_runs, and for each run
 *   u64 segment, u16 first, u16 last, u16 n, n records of 40 bytes, ascending:
 *     u8 from * 16, u8 kind (1 check the token, 2 keep a record, 4 delete it), u16 offset in the
 *     segment, 3 bytes new packed state, 1 byte 0, 8 bytes field, 16 bytes token, 8 bytes holder
 * No chunk is twice in a layer. Each run reads its range of the segment once and writes it once. */
static const char s_transition[] = S_FENCE
	"local data, base = ARGV[2], KEYS[1]\n"
	"local flight, n_chunks = base .. ':flight', tonumber(record[2])\n"
	"local unpack_, byte, sub, concat = struct.unpack, string.byte, string.sub, table.concat\n"
	"local call = redis.call\n"
	"local count, bad, n_done, pos = {[0] = 0, 0, 0, 0, 0, 0}, nil, 0, 1\n"
	"local function in_slices(command, list, size)\n"
	"  for i = 1, #list, size do\n"
	"    call(command, flight, unpack(list, i, math.min(i + size - 1, #list)))\n"
	"  end\n"
	"end\n"
	"while pos <= #data do\n"
	"  local n_checks, n_runs\n"
	"  n_checks, pos = unpack_('<I2', data, pos)\n"
	"  local held, n_held = {}, 0\n"
	"  while n_held < n_checks do\n"
	"    local ask, n = {}, math.min(1000, n_checks - n_held)\n"
	"    for i = 1, n do\n"
	"      ask[i] = sub(data, pos, pos + 7)\n"
	"      pos = pos + 8\n"
	"    end\n"
	"    local got = call('HMGET', flight, unpack(ask))\n"
	"    for i = 1, n do held[n_held + i] = got[i] end\n"
	"    n_held = n_held + n\n"
	"  end\n"
	"  local check, keep, n_keep, drop, n_drop = 0, {}, 0, {}, 0\n"
	"  n_runs, pos = unpack_('<I2', data, pos)\n"
	"  for _ = 1, n_runs do\n"
	"    local segment, first, last, n\n"
	"    segment, first, last, n, pos = unpack_('<I8I2I2I2', data, pos)\n"
	"    local key = string.format('%s:s:%.0f', base, segment)\n"
	"    local limit = math.min(16384, n_chunks - segment * 16384)\n"
	"    local old = ''\n"
	"    if limit > first then\n"
	"      old = call('GETRANGE', key, first * 3, last * 3 + 2)\n"
	"      if #old == 0 then\n"
	"        call('SETRANGE', key, limit * 3 - 1, '\\0')\n"
	"        old = call('GETRANGE', key, first * 3, last * 3 + 2)\n"
	"      end\n"
	"    end\n"
	"    local new, n_new, at, changed = {}, 0, 1, false\n"
	"    for _ = 1, n do\n"
	"      local from, kind, offset, packed, field, token, holder\n"
	"      from, kind, offset, packed, field, token, holder, pos =\n"
	"        unpack_('<BBHc3xc8c16c8', data, pos)\n"
	"      n_done = n_done + 1\n"
	"      local here = (offset - first) * 3 + 1\n"
	"      local was, fault = byte(old, here), nil\n"
	"      local checked = kind % 2 == 1\n"
	"      if checked then check = check + 1 end\n"
	"      if not was or was - was % 16 ~= from then\n"
	"        fault = 's'\n"
	"      elseif checked and (not held[check] or sub(held[check], 1, 16) ~= token) then\n"
	"        fault = 't'\n"
	"      end\n"
	"      if fault then\n"
	"        bad = bad or {}\n"
	"        bad[n_done] = fault\n"
	"      else\n"
	"        if here > at then\n"
	"          n_new = n_new + 1\n"
	"          new[n_new] = sub(old, at, here - 1)\n"
	"        end\n"
	"        n_new = n_new + 1\n"
	"        new[n_new] = packed\n"
	"        at, changed = here + 3, true\n"
	"        from = from / 16\n"
	"        local to = byte(packed)\n"
	"        to = (to - to % 16) / 16\n"
	"        count[from] = count[from] - 1\n"
	"        count[to] = count[to] + 1\n"
	"        if kind >= 4 then\n"
	"          n_drop = n_drop + 1\n"
	"          drop[n_drop] = field\n"
	"        elseif kind >= 2 then\n"
	"          keep[n_keep + 1], keep[n_keep + 2] = field, token .. holder\n"
	"          n_keep = n_keep + 2\n"
	"        end\n"
	"      end\n"
	"    end\n"
	"    if changed then call('SETRANGE', key, first * 3, concat(new)) end\n"
	"  end\n"
	"  in_slices('HSET', keep, 1000)\n"
	"  in_slices('HDEL', drop, 1000)\n"
	"end\n"
	"for state = 0, 5 do\n"
	"  if count[state] ~= 0 then call('HINCRBY', base, 'n' .. state, count[state]) end\n"
	"end\n"
	"if not bad then return 'g' end\n"
	"local answers = {}\n"
	"for i = 1, n_done do answers[i] = bad[i] or 'g' end\n"
	"return concat(answers)\n";

/* KEYS[1] weir:{cluster}:leader, ARGV: random id */
static const char s_generation[] =
	"local time = redis.call('TIME')\n"
	"local now = tonumber(time[1]) * 1000000 + tonumber(time[2])\n"
	"local old = tonumber(redis.call('HGET', KEYS[1], 'generation') or '0')\n"
	"local text = string.format('%.0f', math.max(old + 1, now))\n"
	"redis.call('HSET', KEYS[1], 'generation', text, 'id', ARGV[1])\n"
	"return text\n";

/* ARGV: generation, n_chunks, SHA-256, plan, owner, cluster. Again with the same plan is harmless,
 * with another refused. */
static const char s_job_put[] =
	"local given = tonumber(ARGV[1])\n"
	"local old = redis.call('HMGET', KEYS[1], 'generation', 'n_chunks', 'plan')\n"
	"local stored = tonumber(old[1] or '')\n"
	"if stored and given < stored then return 'o' end\n"
	"if stored and (old[2] ~= ARGV[2] or old[3] ~= ARGV[3]) then return 's' end\n"
	"if stored then\n"
	"  redis.call('HSET', KEYS[1], 'generation', ARGV[1])\n"
	"else\n"
	"  local time = redis.call('TIME')\n"
	"  redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'n_chunks', ARGV[2], 'plan', ARGV[3],\n"
	"    'owner', ARGV[5], 'cluster', ARGV[6], 'state', 'PLANNING', 'created', time[1],\n"
	"    'n0', ARGV[2])\n"
	"end\n"
	"redis.call('SET', KEYS[1] .. ':plan:' .. ARGV[3], ARGV[4])\n"
	"return 'g'\n";

/* ARGV: generation, state */
static const char s_job_state[] = S_FENCE
	"local time = redis.call('TIME')\n"
	"redis.call('HSET', KEYS[1], 'state', ARGV[2], 'changed', time[1])\n"
	"return 'g'\n";

/* ARGV: first segment. Deletes at most 4096 segments, answers where to go on, and "g" when nothing
 * is left. The job's hash goes last, so that a deletion that was cut off can be asked for again. */
static const char s_job_delete[] =
	"local base, first = KEYS[1], tonumber(ARGV[1])\n"
	"local record = redis.call('HMGET', base, 'n_chunks', 'plan')\n"
	"if not record[1] then return 'g' end\n"
	"local n_segments = math.ceil(tonumber(record[1]) / 16384)\n"
	"local after = math.min(n_segments, first + 4096)\n"
	"for segment = first, after - 1 do\n"
	"  redis.call('UNLINK', string.format('%s:s:%.0f', base, segment))\n"
	"end\n"
	"if after < n_segments then return string.format('%.0f', after) end\n"
	"redis.call('UNLINK', base .. ':flight', base .. ':parts', base .. ':plan:' .. record[2],\n"
	"  base)\n"
	"return 'g'\n";

/* ARGV: generation, part, record */
static const char s_part[] = S_FENCE "redis.call('HSET', KEYS[1] .. ':parts', ARGV[2], ARGV[3])\n"
									 "return 'g'\n";

const char *const weir_redis_scripts[WEIR_REDIS_N_SCRIPTS] = {
	[WEIR_REDIS_SCRIPT_TRANSITION] = s_transition, [WEIR_REDIS_SCRIPT_GENERATION] = s_generation,
	[WEIR_REDIS_SCRIPT_JOB_PUT] = s_job_put,       [WEIR_REDIS_SCRIPT_JOB_STATE] = s_job_state,
	[WEIR_REDIS_SCRIPT_JOB_DELETE] = s_job_delete, [WEIR_REDIS_SCRIPT_PART] = s_part,
};
