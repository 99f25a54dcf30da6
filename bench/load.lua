-- The transaction of loadgen/workloads/transfer.py, statement for statement and with keys of the same shape, for
-- sysbench; started by bench/clients.py.
-- os.clock() is the CPU time of the whole process: printed when a thread is connected and when it ends, so that
-- start-up counts for nobody. Printed as well is how long each transaction took: the latency that sysbench itself
-- prints for a given rate also holds how long the event waited for a thread.
local ffi = require("ffi")
ffi.cdef("typedef struct { long s; long ns; } meshbench_time; int clock_gettime(int, meshbench_time *);")
local clock = ffi.new("meshbench_time")
local MONOTONIC = 1

local function now_us()
  ffi.C.clock_gettime(MONOTONIC, clock)
  return tonumber(clock.s) * 1e6 + tonumber(clock.ns) / 1e3
end

sysbench.cmdline.options = {
  accounts = { "how many accounts there are", 10000 },
  prefix = { "first part of every transfer's key", "s" },
}

function thread_init()
  con = sysbench.sql.driver():connect()
  number = 0
  took_us = {}
  io.write(("cpu_s begin %.6f\n"):format(os.clock()))  -- print would write the line end by itself, and threads mix
end

function thread_done()
  io.write(("cpu_s end %.6f\n"):format(os.clock()))
  io.write("took_us " .. table.concat(took_us, " ") .. "\n")
  con:disconnect()
end

function event()
  local began_us = now_us()
  transfer()
  took_us[#took_us + 1] = ("%d"):format(now_us() - began_us)
end

function transfer()
  local src = sysbench.rand.uniform(1, sysbench.opt.accounts)
  local dst
  repeat dst = sysbench.rand.uniform(1, sysbench.opt.accounts) until dst ~= src
  local amount = sysbench.rand.uniform(1, 10000)
  number = number + 1
  local key = ("%s-0-%d"):format(sysbench.opt.prefix, number * sysbench.opt.threads + sysbench.tid)
  con:query("BEGIN")
  local locked = con:query(
    ("SELECT id, balance FROM accounts WHERE id IN (%d, %d) ORDER BY id FOR UPDATE"):format(src, dst))
  local balances = {}
  for _ = 1, locked.nrows do
    local row = locked:fetch_row()
    balances[tonumber(row[1])] = tonumber(row[2])
  end
  locked:free()
  if balances[src] < amount then
    con:query("ROLLBACK")
    return
  end
  con:query(("UPDATE accounts SET balance = balance - %d WHERE id = %d"):format(amount, src))
  con:query(("UPDATE accounts SET balance = balance + %d WHERE id = %d"):format(amount, dst))
  con:query(("INSERT INTO transfers (id, src, dst, amount) VALUES ('%s', %d, %d, %d)"):format(key, src, dst, amount))
  con:query(("INSERT INTO entries (transfer, account, amount) VALUES ('%s', %d, %d), ('%s', %d, %d)"):format(
    key, src, -amount, key, dst, amount))
  con:query("COMMIT")
end
