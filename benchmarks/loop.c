/* The seed network (1-10-10-10-1, linear) under |r| + strength * sum |w|, one sample a step, plain gradient steps.

   Runs lie innermost, LANES of them beside each other, so that the compiler turns every inner loop into vector
   instructions. A block of LANES runs is trained from start to end before the next: its weights stay in the nearest
   cache. One thread. */

#define LANES 32
#define W 10

typedef float Lanes[LANES];
#define EACH for (int r = 0; r < LANES; r++)

static inline float sign(float v) { return (float)((v > 0) - (v < 0)); }

typedef struct {
    Lanes w1[W], w2[W][W], w3[W][W], w4[W], b1[W], b2[W], b3[W], b4;
} Weights;

/* weights: 251 rows of `runs`; x and y: `samples` rows of `runs`, in the order they are trained on; runs % LANES == 0 */
void train(float *weights, const float *x, const float *y, int samples, int steps, int runs, float rate, float strength)
{
    const float decay = rate * strength;
    for (int first = 0; first < runs; first += LANES) {
        Weights n;
        Lanes *rows = (Lanes *)&n;
        for (int i = 0; i < (int)(sizeof n / sizeof(Lanes)); i++)
            EACH rows[i][r] = weights[i * runs + first + r];
        for (int step = 0; step < steps; step++) {
            const float *xs = x + (step % samples) * runs + first, *ys = y + (step % samples) * runs + first;
            Lanes a1[W], a2[W], a3[W], out, d3[W], d2[W], d1[W];

            for (int j = 0; j < W; j++) EACH a1[j][r] = n.b1[j][r] + xs[r] * n.w1[j][r];
            for (int j = 0; j < W; j++) EACH a2[j][r] = n.b2[j][r];
            for (int i = 0; i < W; i++) for (int j = 0; j < W; j++) EACH a2[j][r] += a1[i][r] * n.w2[i][j][r];
            for (int j = 0; j < W; j++) EACH a3[j][r] = n.b3[j][r];
            for (int i = 0; i < W; i++) for (int j = 0; j < W; j++) EACH a3[j][r] += a2[i][r] * n.w3[i][j][r];
            EACH out[r] = n.b4[r];
            for (int i = 0; i < W; i++) EACH out[r] += a3[i][r] * n.w4[i][r];
            EACH out[r] = sign(out[r] - ys[r]);

            for (int i = 0; i < W; i++) EACH d3[i][r] = out[r] * n.w4[i][r];
            for (int i = 0; i < W; i++) {
                EACH d2[i][r] = 0;
                for (int j = 0; j < W; j++) EACH d2[i][r] += d3[j][r] * n.w3[i][j][r];
            }
            for (int i = 0; i < W; i++) {
                EACH d1[i][r] = 0;
                for (int j = 0; j < W; j++) EACH d1[i][r] += d2[j][r] * n.w2[i][j][r];
            }

#define STEP(w, gradient) EACH w[r] -= rate * (gradient) + decay * sign(w[r])
            for (int j = 0; j < W; j++) STEP(n.w1[j], xs[r] * d1[j][r]);
            for (int i = 0; i < W; i++) for (int j = 0; j < W; j++) STEP(n.w2[i][j], a1[i][r] * d2[j][r]);
            for (int i = 0; i < W; i++) for (int j = 0; j < W; j++) STEP(n.w3[i][j], a2[i][r] * d3[j][r]);
            for (int i = 0; i < W; i++) STEP(n.w4[i], a3[i][r] * out[r]);
            for (int j = 0; j < W; j++) EACH n.b1[j][r] -= rate * d1[j][r];
            for (int j = 0; j < W; j++) EACH n.b2[j][r] -= rate * d2[j][r];
            for (int j = 0; j < W; j++) EACH n.b3[j][r] -= rate * d3[j][r];
            EACH n.b4[r] -= rate * out[r];
        }
        for (int i = 0; i < (int)(sizeof n / sizeof(Lanes)); i++)
            EACH weights[i * runs + first + r] = rows[i][r];
    }
}
