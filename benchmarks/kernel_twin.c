/* The yearly step of simmodel/projection.py written by hand in C: the same equations, the same ledger,
   blocks of draws with the draw innermost. Compiled by benchmarks/kernel.py --compare. */
#include <math.h>
#include <string.h>
#define B 64

void project(int years, int draws, int ages, int threads, const double *death,
             const double *infant_death, const double *to_town, const double *departure,
             const double *arrivals, const double *fertility, double male_share,
             const double *start, const double *levels, const double *absent_start,
             const double *programmes, double *urban, double *rural, double *away,
             double *flows) {
  int blocks = (draws + B - 1) / B;
  double start_u = 0, start_r = 0;
  for (int i = 0; i < 2 * ages; i++) start_u += start[i], start_r += start[2 * ages + i];
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int block = 0; block < blocks; block++) {
    int low = block * B, n = draws - low < B ? draws - low : B;
    double pop[2][2][101][B], absent[B], level[13][B], ku[B], mv[B], kr[B];
    for (int r = 0; r < 2; r++)
      for (int s = 0; s < 2; s++)
        for (int a = 0; a < ages; a++)
          for (int d = 0; d < B; d++) pop[r][s][a][d] = start[(r * 2 + s) * ages + a];
    for (int d = 0; d < B; d++) {
      absent[d] = absent_start[d < n ? low + d : low];
      ku[d] = 1, mv[d] = 0, kr[d] = 1;
    }
    for (int d = 0; d < n; d++) urban[low + d] = start_u, rural[low + d] = start_r;
    memcpy(away + low, absent, n * sizeof(double));
    for (int y = 0; y < years; y++) {
      double arr_u[B], arr_r[B], tu[B], tr[B], lu[B], lr[B], du[B], dr[B];
      double dying_u[B] = {0}, dying_r[B] = {0}, moving[B] = {0}, leaving_u[B] = {0}, leaving_r[B] = {0};
      double born_u[B] = {0}, born_r[B] = {0}, bl_u[B] = {0}, bl_r[B] = {0}, bm[B] = {0};
      double tot_u[B] = {0}, tot_r[B] = {0}, old_u[B], old_r[B], f[14][B];
      for (int i = 0; i < 13; i++)
        for (int d = 0; d < B; d++)
          level[i][d] = levels[((long)i * years + y) * draws + (d < n ? low + d : low)];
      for (int d = 0; d < B; d++) {
        double ru = absent[d] * level[6][d], rr = absent[d] * level[7][d];
        absent[d] -= ru + rr;
        arr_u[d] = level[4][d] + ru, arr_r[d] = level[5][d] + rr;
        tu[d] = .5 * level[0][d], tr[d] = .5 * level[2][d];
        lr[d] = .5 * level[1][d], lu[d] = .5 * (level[2][d] + level[3][d]);
        du[d] = .5 * level[11][d], dr[d] = .5 * level[12][d];
      }
      for (int s = 0; s < 2; s++)
        for (int a = ages - 1; a >= 0; a--) {
          double e = to_town[s * ages + a], o = departure[s * ages + a];
          double mu = death[s * ages + a], mr = death[(2 + s) * ages + a];
          double hu = .5 * arrivals[s * ages + a], hr = .5 * arrivals[(2 + s) * ages + a];
          double fu = fertility[a], fr = fertility[ages + a];
          int into = a + 1 < ages ? a + 1 : ages - 1;
          double *restrict pu = pop[0][s][a], *restrict pr = pop[1][s][a];
          double lived_u[B], lived_r[B], end_u[B], end_r[B];
#pragma GCC ivdep
          for (int d = 0; d < B; d++) {
            double bu = pu[d] * ku[d] + pr[d] * mv[d], br = pr[d] * kr[d];
            double u = bu + hu * arr_u[d], r = br + hr * arr_r[d];
            double mvu = tr[d] * o, mvr = tu[d] * e;
            double su = 1 + (du[d] * mu + lu[d] * o), sr = 1 + (dr[d] * mr + mvr + lr[d] * o);
            double scale = 1 / (su * sr - mvu * mvr);
            double xu = (sr * u + mvr * r) * scale, xr = (su * r + mvu * u) * scale;
            dying_u[d] += mu * xu, dying_r[d] += mr * xr;
            moving[d] += e * xr, leaving_u[d] += o * xu, leaving_r[d] += o * xr;
            double eu = 2 * xu - bu, er = 2 * xr - br;
            tot_u[d] += eu, tot_r[d] += er;
            lived_u[d] = xu, lived_r[d] = xr, end_u[d] = eu, end_r[d] = er;
          }
          if (s == 0 && (fu > 0 || fr > 0))
            for (int d = 0; d < B; d++) {
              born_u[d] += fu * lived_u[d], born_r[d] += fr * lived_r[d];
              bl_u[d] += fu * lived_u[d] * o, bl_r[d] += fr * lived_r[d] * o;
              bm[d] += fr * lived_r[d] * e;
            }
          if (a == ages - 1) {
            memcpy(old_u, end_u, sizeof old_u), memcpy(old_r, end_r, sizeof old_r);
          } else if (a == ages - 2) {
            for (int d = 0; d < B; d++)
              pop[0][s][into][d] = end_u[d] + old_u[d], pop[1][s][into][d] = end_r[d] + old_r[d];
          } else {
            memcpy(pop[0][s][into], end_u, sizeof end_u);
            memcpy(pop[1][s][into], end_r, sizeof end_r);
          }
        }
      for (int d = 0; d < B; d++) {
        f[0][d] = born_u[d] * level[9][d], f[1][d] = born_r[d] * level[10][d];
        f[2][d] = dying_u[d] * level[11][d], f[3][d] = dying_r[d] * level[12][d];
        f[4][d] = moving[d] * level[0][d], f[5][d] = leaving_u[d] * level[2][d];
        f[6][d] = arr_u[d], f[7][d] = arr_r[d];
        f[8][d] = leaving_u[d] * level[3][d], f[9][d] = leaving_r[d] * level[1][d];
      }
      for (int s = 0; s < 2; s++) {
        double share = s ? male_share : 1 - male_share;
        for (int d = 0; d < B; d++) {
          double hu = .5 * infant_death[s] * level[11][d], hr = .5 * infant_death[2 + s] * level[12][d];
          double au = share * level[9][d] * (1 - hu) / (1 + hu);
          double ar = share * level[10][d] * (1 - hr) / (1 + hr);
          double xu = .5 * au * bl_u[d], in = .5 * ar * bm[d] * level[0][d];
          double ar_away = .5 * ar * bl_r[d] * level[1][d];
          au *= born_u[d], ar *= born_r[d];
          f[2][d] += share * f[0][d] * 2 * hu / (1 + hu), f[3][d] += share * f[1][d] * 2 * hr / (1 + hr);
          double out = xu * level[2][d], au_away = xu * level[3][d];
          f[4][d] += in, f[5][d] += out, f[8][d] += au_away, f[9][d] += ar_away;
          double iu = au + in - out - au_away, ir = ar + out - in - ar_away;
          pop[0][s][0][d] = iu, pop[1][s][0][d] = ir;
          tot_u[d] += iu, tot_r[d] += ir;
        }
      }
      for (int d = 0; d < B; d++) {
        absent[d] += f[8][d] + f[9][d];
        double kept = exp(-level[8][d]), re = tot_r[d] * (1 - kept), left = tot_r[d] * kept;
        double stay = programmes[y] > 0 ? kept * (1 - programmes[y] / left) : kept;
        f[10][d] = re, f[11][d] = programmes[y], f[12][d] = 0, f[13][d] = 0;
        ku[d] = 1, mv[d] = 1 - stay, kr[d] = stay;
        tot_u[d] += re + programmes[y], tot_r[d] = left - programmes[y];
      }
      memcpy(urban + (long)(y + 1) * draws + low, tot_u, n * sizeof(double));
      memcpy(rural + (long)(y + 1) * draws + low, tot_r, n * sizeof(double));
      memcpy(away + (long)(y + 1) * draws + low, absent, n * sizeof(double));
      for (int i = 0; i < 14; i++)
        memcpy(flows + ((long)y * 14 + i) * draws + low, f[i], n * sizeof(double));
    }
  }
}
