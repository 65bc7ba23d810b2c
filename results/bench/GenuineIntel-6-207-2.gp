load "../style.gp"
$forward0 << END
0.4482,11.99
0.4847,50.32
0.4917,63.29
0.4919,63.03
0.498,60.18
0.499,14.53
0.4996,14.77
3.405,99.27
4.183,102.3
4.253,102.7
4.287,103.1
4.859,83.45
7.998,108.4
10.38,164.5
10.38,164.5
14.18,154.1
14.22,107.6
15.06,107.3
15.06,152.2
15.5,108.5
15.51,152.7
24.03,163.5
24.04,164
26.52,163.1
26.53,164.4
27.94,163
27.94,160.7
63.24,153.8
83.99,155.4
85.34,159.8
100,153.5
102.4,156.8
118.9,161.2
128,156.6
169.2,159.5
170.6,161.2
253,164.7
END
$backward0 << END
0.4113,25.77
0.4777,66.71
0.497,61.79
0.4985,14.53
0.4993,14.77
2.026,102.5
2.277,102.5
2.298,99.82
2.308,102.9
2.465,60.67
6.399,157
9.845,152.2
10.24,152.8
10.44,154.3
13.42,160.5
14.63,154.6
15.28,153.2
50.47,159.5
62.87,157.4
71.43,157.1
73.15,163.5
93.06,159.7
102.4,157
127.2,160.4
146.3,160.9
202.9,162.6
END
$update0 << END
0.09771,4.934
0.09938,10.9
0.09992,4.244
0.09995,3.983
0.09999,4.161
0.1245,11.16
0.1245,11
1.839,79.21
2.666,119.5
3.12,86.39
3.161,83.89
3.18,66.88
3.523,131.3
3.523,134.7
3.699,144.9
3.987,156.8
4.145,165.9
4.518,137.8
9.845,157.2
12.19,164.9
13.79,170
15.37,161.8
15.37,162.6
20.23,163.7
20.23,162.5
21.25,138.5
23.27,135.6
23.93,165.8
23.93,165.5
24.38,138.7
36.32,148.1
42.67,140
46.55,149.7
49.67,157.6
55.56,150.7
71.91,151.3
83.64,159.5
END
$forward1 << END
0.4482,4.429
0.4847,25.57
0.4917,57.49
0.4919,44.68
0.498,58.74
0.499,12.77
0.4996,13.7
3.405,77.39
4.183,177.2
4.253,189.6
4.287,178
4.859,179.2
7.998,128.7
10.38,309.4
10.38,309.6
14.18,276.5
14.22,209.5
15.06,212.2
15.06,245.9
15.5,211.2
15.51,266
24.03,322.4
24.04,319.2
26.52,322.4
26.53,311.8
27.94,319.8
27.94,314.8
63.24,299.6
83.99,304.4
85.34,312.7
100,305.4
102.4,306.5
118.9,322.5
128,322.1
169.2,312.5
170.6,324.2
253,319
END
$backward1 << END
0.4113,4.303
0.4777,25.45
0.497,60.26
0.4985,12.89
0.4993,13.88
2.026,63.9
2.277,161
2.298,177.7
2.308,189.2
2.465,154.9
6.399,200.2
9.845,290.3
10.24,298.7
10.44,291.9
13.42,292.7
14.63,248.3
15.28,264.4
50.47,323.7
62.87,323.6
71.43,319.7
73.15,318.1
93.06,315.5
102.4,319.2
127.2,317.6
146.3,322.4
202.9,323.6
END
$update1 << END
0.09771,3.295
0.09938,7.038
0.09992,5.045
0.09995,7.79
0.09999,8.331
0.1245,18.09
0.1245,16.25
1.839,71.73
2.666,161.9
3.12,165.4
3.161,170.6
3.18,159.7
3.523,240.5
3.523,248.5
3.699,230.9
3.987,275.6
4.145,293.8
4.518,282.1
9.845,295.1
12.19,310
13.79,325.2
15.37,312.5
15.37,315.6
20.23,313.9
20.23,311.8
21.25,274.1
23.27,293.9
23.93,317.8
23.93,319.8
24.38,277.1
36.32,289.9
42.67,304.7
46.55,303.3
49.67,317.2
55.56,302.3
71.91,292.3
83.64,312.2
END
$forward2 << END
0.4482,12.18
0.4847,42.4
0.4917,50.94
0.4919,50.96
0.498,49.21
0.499,14.76
0.4996,14.36
3.405,50.04
4.183,54.73
4.253,53.41
4.287,55.63
4.859,53.36
7.998,59.74
10.38,80.23
10.38,80
14.18,76.85
14.22,61.35
15.06,61.86
15.06,79.84
15.5,62.34
15.51,79.55
24.03,84.28
24.04,84.36
26.52,83.23
26.53,82.38
27.94,84.31
27.94,83.04
63.24,80.45
83.99,78.53
85.34,82.93
100,76.51
102.4,83.74
118.9,81.96
128,82.55
169.2,83.48
170.6,83.71
253,84.02
END
$backward2 << END
0.4113,21.85
0.4777,52.38
0.497,50.29
0.4985,14.86
0.4993,14.21
2.026,55.34
2.277,60.03
2.298,59.85
2.308,60.78
2.465,50.97
6.399,77.52
9.845,79.76
10.24,80.19
10.44,81.19
13.42,80.36
14.63,81.78
15.28,80.22
50.47,83.39
62.87,82.18
71.43,79.76
73.15,85.18
93.06,84.73
102.4,84.17
127.2,85.14
146.3,83.97
202.9,84.62
END
$update2 << END
0.09771,3.895
0.09938,7.635
0.09992,4.333
0.09995,3.801
0.09999,2.194
0.1245,10.94
0.1245,10.81
1.839,46.34
2.666,67.76
3.12,63.67
3.161,63.19
3.18,51.71
3.523,75.13
3.523,74.25
3.699,73.02
3.987,80.56
4.145,84.16
4.518,69.47
9.845,83.81
12.19,84.37
13.79,88.51
15.37,85.53
15.37,84.98
20.23,81.82
20.23,82.76
21.25,81.06
23.27,77.71
23.93,79.57
23.93,78.32
24.38,74.01
36.32,80.45
42.67,74.07
46.55,71.73
49.67,78.3
55.56,75.37
71.91,73.6
83.64,73.98
END
$forward3 << END
0.4482,3.422
0.4847,21.79
0.4917,45.66
0.4919,46.65
0.498,47.85
0.499,13.09
0.4996,13.81
3.405,58.88
4.183,98.17
4.253,104.9
4.287,104.7
4.859,106.2
7.998,103.8
10.38,152.9
10.38,156.1
14.18,135.2
14.22,118.2
15.06,120.1
15.06,158.6
15.5,120.7
15.51,158.8
24.03,156.6
24.04,160.3
26.52,161.4
26.53,162
27.94,163.3
27.94,162.1
63.24,152.6
83.99,158.6
85.34,163.1
100,158.3
102.4,166.8
118.9,162.4
128,167.8
169.2,165.4
170.6,168.6
253,168.5
END
$backward3 << END
0.4113,3.827
0.4777,18.8
0.497,48.78
0.4985,13.18
0.4993,14.22
2.026,51.08
2.277,102.6
2.298,110.5
2.308,113.7
2.465,95.02
6.399,124
9.845,153.1
10.24,158
10.44,157.5
13.42,142.3
14.63,158.4
15.28,158.1
50.47,160.6
62.87,165.4
71.43,168.5
73.15,167.4
93.06,165.5
102.4,168.4
127.2,169.1
146.3,173.2
202.9,172.6
END
$update3 << END
0.09771,1.96
0.09938,4.423
0.09992,4.452
0.09995,7.77
0.09999,5.454
0.1245,17.21
0.1245,17.78
1.839,45.81
2.666,97.07
3.12,105.8
3.161,128.1
3.18,105.4
3.523,140.5
3.523,142.4
3.699,127.2
3.987,147.8
4.145,155.5
4.518,157.1
9.845,149.6
12.19,149.5
13.79,154.3
15.37,162.9
15.37,166.3
20.23,166.6
20.23,165.1
21.25,156.3
23.27,163.4
23.93,160.9
23.93,162.9
24.38,156.5
36.32,158.6
42.67,159.7
46.55,152.1
49.67,161.7
55.56,162.3
71.91,152.5
83.64,151.2
END
set logscale xy
set samples 1000
set key below maxcols 3
set xlabel "operations per byte that a call reads and writes\n"
set ylabel "GFLOP/s, whole verb"
set format x "%g"
set xrange [0.06514:379.5]
set yrange [1.307:593.1]
set terminal svg size 1240,1140 font 'DejaVu Sans,14' background 'white'
set output "GenuineIntel-6-207-2.svg"
set multiplot layout 2,2
set title "avx512, 1 thread"
plot x < 0.49653 ? 360.3 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 360 GB/s", \
    x < 2.2215 ? 80.53 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 81 GB/s", \
    x < 13.272 ? 13.48 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 13 GB/s", \
    x >= 0.49653 ? 178.9 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 179 GFLOP/s", \
    $forward0 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward0 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update0 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx512, 2 threads"
plot x < 0.50802 ? 729.7 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 730 GB/s", \
    x < 2.2645 ? 163.7 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 164 GB/s", \
    x < 13.544 ? 27.37 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 27 GB/s", \
    x >= 0.50802 ? 370.7 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 371 GFLOP/s", \
    $forward1 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward1 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update1 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 1 thread"
plot x < 0.39091 ? 261.7 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 262 GB/s", \
    x < 1.1661 ? 87.73 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 88 GB/s", \
    x < 7.7383 ? 13.22 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 13 GB/s", \
    x >= 0.39091 ? 102.3 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 102 GFLOP/s", \
    $forward2 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward2 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update2 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 2 threads"
plot x < 0.37079 ? 517 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 517 GB/s", \
    x < 1.1653 ? 164.5 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 164 GB/s", \
    x < 7.4708 ? 25.66 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 26 GB/s", \
    x >= 0.37079 ? 191.7 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 192 GFLOP/s", \
    $forward3 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward3 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update3 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
unset multiplot
set terminal pngcairo size 2480,2280 font 'DejaVu Sans,14' background 'white' fontscale 2 linewidth 2 pointscale 2
set output "GenuineIntel-6-207-2.png"
set multiplot layout 2,2
set title "avx512, 1 thread"
plot x < 0.49653 ? 360.3 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 360 GB/s", \
    x < 2.2215 ? 80.53 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 81 GB/s", \
    x < 13.272 ? 13.48 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 13 GB/s", \
    x >= 0.49653 ? 178.9 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 179 GFLOP/s", \
    $forward0 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward0 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update0 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx512, 2 threads"
plot x < 0.50802 ? 729.7 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 730 GB/s", \
    x < 2.2645 ? 163.7 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 164 GB/s", \
    x < 13.544 ? 27.37 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 27 GB/s", \
    x >= 0.50802 ? 370.7 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 371 GFLOP/s", \
    $forward1 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward1 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update1 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 1 thread"
plot x < 0.39091 ? 261.7 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 262 GB/s", \
    x < 1.1661 ? 87.73 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 88 GB/s", \
    x < 7.7383 ? 13.22 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 13 GB/s", \
    x >= 0.39091 ? 102.3 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 102 GFLOP/s", \
    $forward2 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward2 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update2 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 2 threads"
plot x < 0.37079 ? 517 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 517 GB/s", \
    x < 1.1653 ? 164.5 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 164 GB/s", \
    x < 7.4708 ? 25.66 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 26 GB/s", \
    x >= 0.37079 ? 191.7 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 192 GFLOP/s", \
    $forward3 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward3 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update3 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
unset multiplot
