-- Writes the entries of one worker's partitions; an entry of an older assignment generation than the one held is
-- refused. All in one step: check, set, expire, tell.
--
-- KEYS: the workers, then a key for each partition.
-- ARGV: channel, lifetime in ms, worker, its address, version of the schema; then generation, as of, document for each.
-- Returns 1 or 0 for each partition: written, or refused.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local written, any = {}, false
for index = 2, #KEYS do
  local at = 6 + (index - 2) * 3
  local held = redis.call('HGET', KEYS[index], 'generation')
  if held and tonumber(held) > tonumber(ARGV[at]) then
    written[index - 1] = 0
  else
    redis.call('HSET', KEYS[index], 'generation', ARGV[at], 'as_of', ARGV[at + 1], 'document', ARGV[at + 2],
      'worker', ARGV[3], 'version', ARGV[5], 'written_ms', now)
    redis.call('PEXPIRE', KEYS[index], ARGV[2])
    written[index - 1] = 1
    any = true
  end
end
redis.call('HSET', KEYS[1], ARGV[3], now .. ' ' .. ARGV[4])
if any then redis.call('PUBLISH', ARGV[1], now) end
return written
