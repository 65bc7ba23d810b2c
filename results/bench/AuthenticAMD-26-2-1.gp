load "../style.gp"
$forward0 << END
0.4482,18.3
0.4847,82.05
0.4917,99.9
0.4919,101.4
0.498,87.72
0.499,57.52
0.4996,52.11
3.405,144.1
4.183,146.8
4.253,145.3
4.287,142
4.859,152.2
7.998,190.9
10.38,273.6
10.38,273.5
14.18,259.6
14.22,195.8
15.06,193.7
15.06,270.5
15.5,191
15.51,242.7
24.03,269.9
24.04,271.7
26.52,270.4
26.53,268.7
27.94,255.1
27.94,254.9
63.24,258.2
83.99,258.9
85.34,257.5
100,239.7
102.4,265.4
118.9,260.2
128,259.4
169.2,250
170.6,260.1
253,246.3
END
$backward0 << END
0.4113,40.71
0.4777,102.8
0.497,83.89
0.4985,55.51
0.4993,52.04
2.026,161.3
2.277,158.2
2.298,164.3
2.308,169.5
2.465,142.4
6.399,251.1
9.845,247.6
10.24,248.5
10.44,246.4
13.42,270
14.63,276.7
15.28,247.6
50.47,265.7
62.87,261.1
71.43,232.3
73.15,249.5
93.06,252.8
102.4,256.4
127.2,246.5
146.3,253.2
202.9,257.2
END
$update0 << END
0.09771,4.88
0.09938,16.42
0.09992,7.88
0.09995,10.01
0.09999,4.53
0.1245,23.07
0.1245,23.87
1.839,82.45
2.666,203.3
3.12,169
3.161,143.7
3.18,135.2
3.523,236.5
3.523,229
3.699,146.2
3.987,153.6
4.145,153.1
4.518,142.4
9.845,261.2
12.19,271.8
13.79,266.7
15.37,256.7
15.37,266.8
20.23,271.9
20.23,259.3
21.25,245.7
23.27,210.5
23.93,257.9
23.93,261.6
24.38,230
36.32,259.5
42.67,221.9
46.55,244.5
49.67,247.6
55.56,225.6
71.91,246.6
83.64,252.6
END
$forward1 << END
0.4482,3.221
0.4847,18.57
0.4917,76.78
0.4919,81.49
0.498,78.48
0.499,43.43
0.4996,48.52
3.405,71.22
4.183,188.9
4.253,232.7
4.287,258.2
4.859,286.1
7.998,231.3
10.38,472.9
10.38,461.6
14.18,441.1
14.22,286.6
15.06,210.6
15.06,483.5
15.5,376.5
15.51,394.5
24.03,487.1
24.04,508.6
26.52,490
26.53,492.6
27.94,509.1
27.94,515.7
63.24,470.1
83.99,478.8
85.34,500.4
100,483.1
102.4,466
118.9,481.6
128,470
169.2,500
170.6,512.3
253,502.6
END
$backward1 << END
0.4113,3.409
0.4777,18.31
0.497,80.88
0.4985,45.71
0.4993,45.87
2.026,68.99
2.277,153.7
2.298,209.6
2.308,269.8
2.465,265.3
6.399,261.1
9.845,325.8
10.24,219.5
10.44,458.4
13.42,443.7
14.63,487.4
15.28,396.2
50.47,470.6
62.87,484.1
71.43,483.6
73.15,506
93.06,470.6
102.4,471.5
127.2,503.8
146.3,505.4
202.9,495.2
END
$update1 << END
0.09771,2.255
0.09938,11.98
0.09992,5.017
0.09995,9.713
0.09999,8.445
0.1245,17.91
0.1245,21.22
1.839,65.75
2.666,106.8
3.12,145.2
3.161,159.8
3.18,234.8
3.523,339.7
3.523,341
3.699,158.2
3.987,217
4.145,262.3
4.518,274.3
9.845,390.1
12.19,447.6
13.79,507.9
15.37,488.4
15.37,467.9
20.23,495
20.23,480.4
21.25,352.7
23.27,402.5
23.93,530.3
23.93,505.3
24.38,446.8
36.32,458.6
42.67,449.6
46.55,489
49.67,462.6
55.56,500.5
71.91,481.8
83.64,488.3
END
$forward2 << END
0.4482,17.75
0.4847,68.61
0.4917,114.7
0.4919,108
0.498,75.88
0.499,49.68
0.4996,43.56
3.405,79.95
4.183,87.53
4.253,84.22
4.287,88.22
4.859,87.78
7.998,91.36
10.38,127.3
10.38,128.1
14.18,126.9
14.22,97.63
15.06,96.73
15.06,127.7
15.5,97.72
15.51,116.2
24.03,135.4
24.04,130.3
26.52,132.1
26.53,129.9
27.94,137.4
27.94,135.7
63.24,129.8
83.99,126.8
85.34,129.3
100,128.8
102.4,127.9
118.9,135
128,133.3
169.2,136.5
170.6,135
253,137.8
END
$backward2 << END
0.4113,40.88
0.4777,94.36
0.497,80.04
0.4985,51.91
0.4993,45.44
2.026,82.93
2.277,88.16
2.298,89.29
2.308,96.02
2.465,91.62
6.399,124.8
9.845,133.1
10.24,129.9
10.44,135.3
13.42,127.4
14.63,136
15.28,112.9
50.47,132.1
62.87,127.2
71.43,131.9
73.15,127.9
93.06,127.1
102.4,133.7
127.2,138
146.3,135.3
202.9,132.2
END
$update2 << END
0.09771,4.136
0.09938,13.27
0.09992,5.379
0.09995,9.086
0.09999,5.159
0.1245,19.87
0.1245,18.93
1.839,55.38
2.666,113.9
3.12,103.8
3.161,84.35
3.18,98.03
3.523,123.8
3.523,127.1
3.699,80.32
3.987,82.15
4.145,86.72
4.518,82.99
9.845,136
12.19,131.8
13.79,139.8
15.37,129.9
15.37,135.9
20.23,131.8
20.23,132.2
21.25,125
23.27,122.9
23.93,137
23.93,138.6
24.38,125.5
36.32,124.9
42.67,131.4
46.55,130.5
49.67,135.2
55.56,129.5
71.91,135.5
83.64,136.5
END
$forward3 << END
0.4482,10.99
0.4847,48.91
0.4917,111.9
0.4919,97.67
0.498,76.16
0.499,44.42
0.4996,52.89
3.405,122.3
4.183,164.7
4.253,172.9
4.287,176.6
4.859,173.1
7.998,174.3
10.38,253.9
10.38,262.8
14.18,243.8
14.22,192
15.06,193.5
15.06,268.7
15.5,194.8
15.51,260.6
24.03,269.3
24.04,270.3
26.52,272.9
26.53,264.7
27.94,265.6
27.94,272.7
63.24,260
83.99,260.7
85.34,265.7
100,257.3
102.4,273.3
118.9,257.8
128,270.3
169.2,273.2
170.6,277.6
253,273.3
END
$backward3 << END
0.4113,12.24
0.4777,56.77
0.497,84.53
0.4985,45.54
0.4993,55.12
2.026,121.4
2.277,157.5
2.298,175.7
2.308,184.7
2.465,78.69
6.399,234.9
9.845,263.3
10.24,266.5
10.44,266.2
13.42,260.7
14.63,271.8
15.28,264.2
50.47,269
62.87,270.1
71.43,261.8
73.15,265.7
93.06,272.7
102.4,271.6
127.2,273.1
146.3,274.8
202.9,269.6
END
$update3 << END
0.09771,5.087
0.09938,10.85
0.09992,5.425
0.09995,5.258
0.09999,5.871
0.1245,28.69
0.1245,28.15
1.839,89.65
2.666,188
3.12,147.1
3.161,99.19
3.18,178
3.523,249.1
3.523,242.1
3.699,149.4
3.987,157.2
4.145,163.1
4.518,165.7
9.845,255.9
12.19,261.1
13.79,264.8
15.37,272
15.37,268.7
20.23,268.7
20.23,271.1
21.25,255.2
23.27,249.6
23.93,274.2
23.93,270.8
24.38,263.9
36.32,257.8
42.67,263.3
46.55,264.1
49.67,249.8
55.56,246.9
71.91,268.4
83.64,260.2
END
set logscale xy
set samples 1000
set key below maxcols 3
set xlabel "operations per byte that a call reads and writes\n"
set ylabel "GFLOP/s, whole verb"
set format x "%g"
set xrange [0.06514:379.5]
set yrange [1.503:918.9]
set terminal svg size 1240,1140 font 'DejaVu Sans,14' background 'white'
set output "AuthenticAMD-26-2-1.svg"
set multiplot layout 2,2
set title "avx512, 1 thread"
plot x < 0.53875 ? 534.2 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 534 GB/s", \
    x < 1.0747 ? 267.8 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 268 GB/s", \
    x < 7.0264 ? 40.96 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 41 GB/s", \
    x >= 0.53875 ? 287.8 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 288 GFLOP/s", \
    $forward0 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward0 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update0 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx512, 2 threads"
plot x < 0.55866 ? 1028 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 1,028 GB/s", \
    x < 1.0844 ? 529.6 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 530 GB/s", \
    x < 8.28 ? 69.36 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 69 GB/s", \
    x >= 0.55866 ? 574.3 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 574 GFLOP/s", \
    $forward1 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward1 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update1 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 1 thread"
plot x < 0.30412 ? 473.5 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 474 GB/s", \
    x < 0.52728 ? 273.1 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 273 GB/s", \
    x < 3.5866 ? 40.15 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 40 GB/s", \
    x >= 0.30412 ? 144 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 144 GFLOP/s", \
    $forward2 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward2 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update2 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 2 threads"
plot x < 0.30352 ? 954.8 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 955 GB/s", \
    x < 0.52226 ? 554.9 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 555 GB/s", \
    x < 3.3694 ? 86.01 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 86 GB/s", \
    x >= 0.30352 ? 289.8 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 290 GFLOP/s", \
    $forward3 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward3 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update3 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
unset multiplot
set terminal pngcairo size 2480,2280 font 'DejaVu Sans,14' background 'white' fontscale 2 linewidth 2 pointscale 2
set output "AuthenticAMD-26-2-1.png"
set multiplot layout 2,2
set title "avx512, 1 thread"
plot x < 0.53875 ? 534.2 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 534 GB/s", \
    x < 1.0747 ? 267.8 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 268 GB/s", \
    x < 7.0264 ? 40.96 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 41 GB/s", \
    x >= 0.53875 ? 287.8 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 288 GFLOP/s", \
    $forward0 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward0 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update0 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx512, 2 threads"
plot x < 0.55866 ? 1028 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 1,028 GB/s", \
    x < 1.0844 ? 529.6 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 530 GB/s", \
    x < 8.28 ? 69.36 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 69 GB/s", \
    x >= 0.55866 ? 574.3 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 574 GFLOP/s", \
    $forward1 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward1 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update1 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 1 thread"
plot x < 0.30412 ? 473.5 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 474 GB/s", \
    x < 0.52728 ? 273.1 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 273 GB/s", \
    x < 3.5866 ? 40.15 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 40 GB/s", \
    x >= 0.30412 ? 144 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 144 GFLOP/s", \
    $forward2 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward2 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update2 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 2 threads"
plot x < 0.30352 ? 954.8 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 955 GB/s", \
    x < 0.52226 ? 554.9 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 555 GB/s", \
    x < 3.3694 ? 86.01 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 86 GB/s", \
    x >= 0.30352 ? 289.8 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 290 GFLOP/s", \
    $forward3 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward3 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update3 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
unset multiplot
