import { type Database, type Script, createScript } from './driver.js';

// Times are text of one width, so Lua compares them without turning them into numbers. The places are those of layout.ts, counted from 1.
const head = `
local key = KEYS[1]
local head = redis.call('GETRANGE', key, 0, 108)
if head ~= '' and #head < 109 then return redis.error_reply('UNREADABLE record') end
local version, birth, expires, touched = head:sub(1, 32), head:sub(33, 51), head:sub(78, 93), head:sub(94, 109)
local now = ARGV[1]
local function put(text, ttl)
  if ttl == '' then redis.call('SET', key, text) else redis.call('SET', key, text, 'PX', ttl) end
end
`;

// now, version, record, ttl. Gives {1, what it replaced}; {0} when the id lives.
const create = `${head}
if head == '' then put(ARGV[3], ARGV[4]) return {1, ''} end
-- The client sent it twice: the first has done it.
if version == ARGV[2] then return {1, ''} end
if expires > now then return {0} end
local old = redis.call('GET', key)
put(ARGV[3], ARGV[4])
return {1, old}
`;

// now, version, next version, created, expires, touched, ttl, data, then names and values of the indexes.
// Gives {1, the header before}; {0} when it is gone or another version; {-1, the record} when what never changes would.
const update = `${head}
if head == '' or expires <= now then return {0} end
-- The client sent it twice: the first has done it.
if version == ARGV[3] then return {1, head} end
if version ~= ARGV[2] then return {0} end
local old = redis.call('GET', key)
local same = head:sub(62, 77) == ARGV[4]
if #ARGV > 8 then
  local data = cjson.decode(old:sub(110))
  for at = 9, #ARGV, 2 do
    if (data[ARGV[at]] or '') ~= ARGV[at + 1] then same = false end
  end
end
if not same then return {-1, old} end
-- A touch that came between the read and the update is not undone.
if ARGV[6] > touched then touched = ARGV[6] end
put(ARGV[3] .. head:sub(33, 77) .. ARGV[5] .. touched .. ARGV[8], ARGV[7])
return {1, head}
`;

// now, touched, expires, ttl.
const touch = `${head}
if head == '' or expires <= now then return 0 end
local later = ARGV[3] > expires and expires ~= '9999999999999999'
local newer = ARGV[2] > touched
if later then expires = ARGV[3] end
if newer then touched = ARGV[2] end
if later or newer then redis.call('SETRANGE', key, 77, expires .. touched) end
if later then redis.call('PEXPIRE', key, ARGV[4]) end
return 1
`;

// now, version, birth (each '' for any), 'expired' to spare the living.
// Gives {1, a living record} or {2, an expired one} that is gone now; {3, the header} of one that was spared; {0} when there is none.
const remove = `${head}
if head == '' or (ARGV[2] ~= '' and ARGV[2] ~= version) or (ARGV[3] ~= '' and ARGV[3] ~= birth) then return {0} end
local living = expires > now
if living and ARGV[4] == 'expired' then return {3, head} end
local old = redis.call('GET', key)
redis.call('DEL', key)
return {living and 1 or 2, old}
`;

// now (unused), birth, the hour that it is filed under from now on.
const file = `${head}
if birth ~= ARGV[2] then return 0 end
redis.call('SETRANGE', key, 51, ARGV[3])
return 1
`;

/** What happens to one record in one step. */
export interface RecordScripts {
  readonly create: Script;
  readonly update: Script;
  readonly touch: Script;
  readonly remove: Script;
  readonly file: Script;
}

/** The scripts of all collections. */
export function createRecordScripts(database: Database): RecordScripts {
  return Object.freeze({
    create: createScript(database, create),
    update: createScript(database, update),
    touch: createScript(database, touch),
    remove: createScript(database, remove),
    file: createScript(database, file),
  });
}
