// What a search does between two gradient steps, one number a thread: the arithmetic of f2p_deploy/runtimes/loop.py.
// Compiled to search_kernels.ptx by tools/search_kernels.py, and by any C compiler for the tests.

#ifdef __CUDACC_RTC__
#define KERNEL extern "C" __global__ void
#define FOR_EACH(i, count) \
    int i = blockIdx.x * blockDim.x + threadIdx.x; \
    if (i < count)
#else
#define KERNEL void
#define FOR_EACH(i, count) for (int i = 0; i < count; i++)
#endif

// The state that the next gradient is taken at: carried on along its last move; and as the graph wants it, with its own
// beta in the discrete part.
KERNEL carry(const float *reached, const float *before, float *state, float *given, float momentum, float beta,
             int controllers, int n, int count) {
    FOR_EACH(i, count) {
        float value = reached[i];
        const int is_controller = i % n < controllers;
        if (momentum != 0.0f) {
            value = value + momentum * (value - before[i]);
            if (is_controller) value = value < 0.0f ? 0.0f : (value > 1.0f ? 1.0f : value);
        }
        state[i] = value;
        given[i] = is_controller || beta == 1.0f ? value : value * beta;
    }
}

// What the step reached, with this search's beta and rate in the discrete part unless they are the graph's own; locked
// entries stay at the start.
KERNEL arrive(const float *moved, const float *given, const float *state, const float *start,
              const unsigned char *locked, float *reached, float *before, float reach, int is_own, int controllers,
              int n, int count) {
    FOR_EACH(i, count) {
        float value = moved[i];
        if (i % n >= controllers && !is_own) value = state[i] + (moved[i] - given[i]) * reach;
        before[i] = reached[i];
        reached[i] = locked[i % n] ? start[i] : value;
    }
}
