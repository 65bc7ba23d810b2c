load "../style.gp"
$forward0 << END
0.4482,13.79
0.4847,68.61
0.4917,94.81
0.4919,93.14
0.498,79.92
0.499,49.56
0.4996,31.54
3.405,134.2
4.183,137
4.253,141.6
4.287,145.8
4.859,148.5
7.998,182.8
10.38,257.4
10.38,257.7
14.18,245.2
14.22,187.1
15.06,187.4
15.06,253.7
15.5,190
15.51,209
24.03,256.1
24.04,254.4
26.52,259.3
26.53,257
27.94,259.1
27.94,258.3
63.24,238.5
83.99,237.9
85.34,245.9
100,240.3
102.4,243.6
118.9,249.4
128,250.6
169.2,256.3
170.6,250.6
253,248
END
$backward0 << END
0.4113,25.93
0.4777,83.86
0.497,83.91
0.4985,49.16
0.4993,28.91
2.026,147.9
2.277,154.6
2.298,157.5
2.308,172.6
2.465,135.5
6.399,233.2
9.845,235.6
10.24,237.5
10.44,249
13.42,253.4
14.63,258.7
15.28,205.7
50.47,222.2
62.87,227.8
71.43,234.3
73.15,236.2
93.06,242.3
102.4,242.4
127.2,250.8
146.3,245.6
202.9,245.4
END
$update0 << END
0.09771,4.936
0.09938,15.23
0.09992,3.704
0.09995,3.926
0.09999,3.73
0.1245,23.82
0.1245,22.6
1.839,78.38
2.666,189.2
3.12,146.3
3.161,85.79
3.18,85.64
3.523,224.4
3.523,215.2
3.699,138.4
3.987,148.8
4.145,153.5
4.518,135.1
9.845,249.6
12.19,263.4
13.79,271.5
15.37,198.5
15.37,250.9
20.23,217.9
20.23,212.5
21.25,187.2
23.27,201.8
23.93,167.4
23.93,201.9
24.38,209.1
36.32,208.6
42.67,224.6
46.55,234.8
49.67,240.3
55.56,229.4
71.91,245.5
83.64,244.8
END
$forward1 << END
0.4482,9.624
0.4847,50.35
0.4917,89.17
0.4919,90.7
0.498,87.9
0.499,45.71
0.4996,27.5
3.405,172.7
4.183,263.8
4.253,261.4
4.287,273.7
4.859,285.6
7.998,326.3
10.38,494
10.38,503.6
14.18,472.8
14.22,370.7
15.06,352.7
15.06,487.7
15.5,364.4
15.51,326.3
24.03,510.9
24.04,515.8
26.52,500.5
26.53,506.7
27.94,503
27.94,493.9
63.24,483.7
83.99,475
85.34,463.2
100,461.7
102.4,465.8
118.9,479.1
128,486
169.2,489.4
170.6,484.1
253,485.2
END
$backward1 << END
0.4113,12.37
0.4777,59.8
0.497,83.36
0.4985,48.87
0.4993,29.16
2.026,177.5
2.277,277.2
2.298,281.9
2.308,319.5
2.465,187.7
6.399,403.8
9.845,457.5
10.24,442
10.44,476.8
13.42,487.7
14.63,493.8
15.28,323.6
50.47,506.3
62.87,456.3
71.43,447.2
73.15,458.9
93.06,460.3
102.4,462.1
127.2,477.2
146.3,468.8
202.9,481.6
END
$update1 << END
0.09771,6.287
0.09938,21.75
0.09992,6.289
0.09995,6.064
0.09999,5.159
0.1245,15.02
0.1245,15.59
1.839,129.8
2.666,294.4
3.12,298.2
3.161,155.6
3.18,137.7
3.523,324.8
3.523,303.3
3.699,247.5
3.987,272.9
4.145,289.7
4.518,262.4
9.845,485.5
12.19,502.9
13.79,510.1
15.37,375
15.37,365.5
20.23,371.5
20.23,370.7
21.25,404.3
23.27,399.5
23.93,308.6
23.93,314.1
24.38,392.3
36.32,418
42.67,446
46.55,452.1
49.67,450.7
55.56,435.2
71.91,460
83.64,480.2
END
$forward2 << END
0.4482,14.72
0.4847,29.12
0.4917,33.63
0.4919,33.79
0.498,33.07
0.499,32.99
0.4996,22.25
3.405,76.98
4.183,81.76
4.253,84.67
4.287,83.39
4.859,81.7
7.998,90.79
10.38,123.5
10.38,124.7
14.18,117
14.22,94.37
15.06,94.67
15.06,114.9
15.5,94.84
15.51,111.9
24.03,129
24.04,127.6
26.52,127.6
26.53,128.6
27.94,128.9
27.94,128.9
63.24,120.8
83.99,123.6
85.34,127.7
100,124.1
102.4,125.3
118.9,124.9
128,128.8
169.2,130.2
170.6,125.3
253,126.3
END
$backward2 << END
0.4113,17.75
0.4777,36.59
0.497,34.25
0.4985,34.03
0.4993,22.31
2.026,83.52
2.277,93.1
2.298,91.87
2.308,93.02
2.465,83.72
6.399,123.7
9.845,127.2
10.24,128.7
10.44,129.4
13.42,122
14.63,117.4
15.28,109.9
50.47,124.2
62.87,124.2
71.43,124.9
73.15,125.7
93.06,123.4
102.4,129
127.2,130.7
146.3,126.4
202.9,126.6
END
$update2 << END
0.09771,3.946
0.09938,12.58
0.09992,2.952
0.09995,3.204
0.09999,2.829
0.1245,18.16
0.1245,18.45
1.839,53.83
2.666,109.4
3.12,83.16
3.161,70.87
3.18,68.59
3.523,117.9
3.523,120.5
3.699,74.82
3.987,77.63
4.145,78.96
4.518,72.29
9.845,122.8
12.19,126.7
13.79,127
15.37,124.3
15.37,124.8
20.23,123.1
20.23,117.4
21.25,113
23.27,118.4
23.93,110.2
23.93,110.7
24.38,119.2
36.32,117.5
42.67,122.4
46.55,123
49.67,119.8
55.56,120.8
71.91,124.6
83.64,125
END
$forward3 << END
0.4482,9.639
0.4847,25.62
0.4917,33.37
0.4919,32.43
0.498,32.85
0.499,29.51
0.4996,20.54
3.405,123.3
4.183,149.5
4.253,163.7
4.287,164.9
4.859,163.9
7.998,170.5
10.38,242.6
10.38,239.1
14.18,228.4
14.22,179.4
15.06,185.4
15.06,224.8
15.5,185.5
15.51,195.5
24.03,250.9
24.04,245.9
26.52,254.5
26.53,253.1
27.94,250.3
27.94,253.3
63.24,240.1
83.99,238.4
85.34,245.7
100,236.2
102.4,243.5
118.9,252.5
128,254.2
169.2,251
170.6,253.2
253,245.7
END
$backward3 << END
0.4113,10.06
0.4777,31.15
0.497,34.11
0.4985,29.55
0.4993,20.68
2.026,122.5
2.277,158.1
2.298,172
2.308,177.7
2.465,78.11
6.399,223.4
9.845,244
10.24,249
10.44,253
13.42,237.5
14.63,248
15.28,196.2
50.47,245.3
62.87,244
71.43,244.3
73.15,243.5
93.06,247.5
102.4,254.2
127.2,250.7
146.3,246.4
202.9,249.3
END
$update3 << END
0.09771,5.479
0.09938,9.834
0.09992,5.457
0.09995,5.332
0.09999,5.035
0.1245,9.941
0.1245,14.02
1.839,90.74
2.666,199.8
3.12,119.3
3.161,119.9
3.18,112.9
3.523,184.6
3.523,185.4
3.699,139.9
3.987,151.1
4.145,151.9
4.518,150
9.845,236.9
12.19,248.3
13.79,252.3
15.37,227.4
15.37,228
20.23,212.2
20.23,211.9
21.25,221.9
23.27,234
23.93,216.5
23.93,210.2
24.38,241.3
36.32,225.7
42.67,239.5
46.55,243.2
49.67,234.3
55.56,229.9
71.91,241.3
83.64,248
END
set logscale xy
set samples 1000
set key below maxcols 3
set xlabel "operations per byte that a call reads and writes\n"
set ylabel "GFLOP/s, whole verb"
set format x "%g"
set xrange [0.06514:379.5]
set yrange [1.886:869.3]
set terminal svg size 1240,1140 font 'DejaVu Sans,14' background 'white'
set output "AuthenticAMD-26-2-1.svg"
set multiplot layout 2,2
set title "avx512, 1 thread"
plot x < 0.97536 ? 280 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 280 GB/s", \
    x < 1.0298 ? 265.2 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 265 GB/s", \
    x < 6.5055 ? 41.98 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 42 GB/s", \
    x >= 0.97536 ? 273.1 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 273 GFLOP/s", \
    $forward0 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward0 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update0 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx512, 2 threads"
plot x < 1.1941 ? 455 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 455 GB/s", \
    x < 1.1719 ? 463.6 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 464 GB/s", \
    x < 10.868 ? 49.99 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 50 GB/s", \
    x >= 1.1719 ? 543.3 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 543 GFLOP/s", \
    $forward1 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward1 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update1 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 1 thread"
plot x < 0.76704 ? 179 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 179 GB/s", \
    x < 0.62155 ? 220.9 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 221 GB/s", \
    x < 3.139 ? 43.74 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 44 GB/s", \
    x >= 0.62155 ? 137.3 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 137 GFLOP/s", \
    $forward2 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward2 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update2 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 2 threads"
plot x < 0.7409 ? 376.3 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 376 GB/s", \
    x < 0.63063 ? 442.1 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 442 GB/s", \
    x < 5.4893 ? 50.79 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 51 GB/s", \
    x >= 0.63063 ? 278.8 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 279 GFLOP/s", \
    $forward3 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward3 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update3 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
unset multiplot
set terminal pngcairo size 2480,2280 font 'DejaVu Sans,14' background 'white' fontscale 2 linewidth 2 pointscale 2
set output "AuthenticAMD-26-2-1.png"
set multiplot layout 2,2
set title "avx512, 1 thread"
plot x < 0.97536 ? 280 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 280 GB/s", \
    x < 1.0298 ? 265.2 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 265 GB/s", \
    x < 6.5055 ? 41.98 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 42 GB/s", \
    x >= 0.97536 ? 273.1 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 273 GFLOP/s", \
    $forward0 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward0 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update0 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx512, 2 threads"
plot x < 1.1941 ? 455 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 455 GB/s", \
    x < 1.1719 ? 463.6 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 464 GB/s", \
    x < 10.868 ? 49.99 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 50 GB/s", \
    x >= 1.1719 ? 543.3 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 543 GFLOP/s", \
    $forward1 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward1 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update1 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 1 thread"
plot x < 0.76704 ? 179 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 179 GB/s", \
    x < 0.62155 ? 220.9 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 221 GB/s", \
    x < 3.139 ? 43.74 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 44 GB/s", \
    x >= 0.62155 ? 137.3 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 137 GFLOP/s", \
    $forward2 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward2 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update2 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 2 threads"
plot x < 0.7409 ? 376.3 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 376 GB/s", \
    x < 0.63063 ? 442.1 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 442 GB/s", \
    x < 5.4893 ? 50.79 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 51 GB/s", \
    x >= 0.63063 ? 278.8 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 279 GFLOP/s", \
    $forward3 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward3 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update3 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
unset multiplot
