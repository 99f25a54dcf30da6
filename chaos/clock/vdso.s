# What __vdso_clock_gettime, __vdso_gettimeofday and __vdso_time of a process jump to while its clock is wrong: the
# kernel is asked, and its answer is changed. x86-64. Assembled into chaos/clock/machine_code.py:
#     as -o vdso.o vdso.s && objcopy -O binary --only-section=.text vdso.o vdso.bin
.intel_syntax noprefix
.text
clock_gettime:              # rdi: clock, rsi: timespec
    mov eax, 228
    syscall
    test eax, eax
    jnz 1f
    test edi, edi           # CLOCK_REALTIME
    jz 2f
    cmp edi, 5              # CLOCK_REALTIME_COARSE
    je 2f
1:  ret
2:  mov rcx, [rsi]
    imul rcx, rcx, 1000000000
    add rcx, [rsi+8]
    call wrong
    mov rax, rcx
    xor edx, edx
    mov r8, 1000000000
    div r8
    mov [rsi], rax
    mov [rsi+8], rdx
    xor eax, eax
    ret
gettimeofday:               # rdi: timeval, rsi: timezone
    mov eax, 96
    syscall
    test eax, eax
    jnz 1f
    test rdi, rdi
    jz 1f
    mov rcx, [rdi]
    imul rcx, rcx, 1000000
    add rcx, [rdi+8]
    imul rcx, rcx, 1000
    call wrong
    mov rax, rcx
    xor edx, edx
    mov r8, 1000
    div r8
    xor edx, edx
    mov r8, 1000000
    div r8
    mov [rdi], rax
    mov [rdi+8], rdx
    xor eax, eax
1:  ret
time:                       # rdi: time_t, or null
    push rdi
    sub rsp, 16
    xor edi, edi
    mov rsi, rsp
    call clock_gettime
    mov rax, [rsp]
    add rsp, 16
    pop rdi
    test rdi, rdi
    jz 1f
    mov [rdi], rax
1:  ret
wrong:                      # rcx: the right time in ns, and what it is to be; changes rax, rdx, r8
    mov rax, rcx
    sub rax, [rip+since]
    mov r8, [rip+turn]
    test r8, r8
    jz 2f
    xor edx, edx            # the offset holds in every turn whose number has none of the bits of mask
    div r8
    test rax, [rip+mask]
    jnz 1f
    add rcx, [rip+skew]
1:  ret
2:  imul qword ptr [rip+drift]
    shrd rax, rdx, 32
    add rcx, rax
    add rcx, [rip+skew]
    ret
.balign 8
since:  .quad 0             # ns of the right time
skew:   .quad 0             # ns
drift:  .quad 0             # of the time since then, times 2^32
turn:   .quad 0             # ns; 0: the offset holds for ever
mask:   .quad 0
