load "../style.gp"
$forward0 << END
0.4482,12.37
0.4847,54.22
0.4917,68.14
0.4919,67.2
0.498,65.35
0.499,14.65
0.4996,14.34
3.405,83.97
4.183,86.19
4.253,85.72
4.287,87.19
4.859,84.46
7.998,103.2
10.38,152.7
10.38,151.7
14.18,139.7
14.22,102.3
15.06,101.4
15.06,135.1
15.5,102.6
15.51,131.4
24.03,151
24.04,151.3
26.52,148.1
26.53,147.6
27.94,151.2
27.94,148.6
63.24,144.2
83.99,138.4
85.34,148.2
100,140.1
102.4,144.5
118.9,167.7
128,145.6
169.2,143.6
170.6,145.9
253,144.5
END
$backward0 << END
0.4113,29.43
0.4777,72.75
0.497,67.62
0.4985,14.74
0.4993,14.52
2.026,92.4
2.277,91.59
2.298,89.1
2.308,92.35
2.465,68.38
6.399,146.3
9.845,143.7
10.24,143.6
10.44,141.8
13.42,146.7
14.63,137.4
15.28,132.2
50.47,148.2
62.87,142.6
71.43,144.1
73.15,149.9
93.06,145.3
102.4,145.4
127.2,150.1
146.3,148.8
202.9,148
END
$update0 << END
0.09771,6.33
0.09938,11.51
0.09992,4.822
0.09995,3.973
0.09999,3.918
0.1245,12.57
0.1245,12.18
1.839,84.44
2.666,110.2
3.12,92.81
3.161,93.6
3.18,78.96
3.523,127
3.523,127.9
3.699,145.6
3.987,151.9
4.145,156.9
4.518,130.8
9.845,146
12.19,156.8
13.79,160.4
15.37,153.6
15.37,150.4
20.23,152.7
20.23,151.1
21.25,134.8
23.27,130.1
23.93,158.4
23.93,159
24.38,127.4
36.32,140.7
42.67,130.8
46.55,137.2
49.67,157.5
55.56,142.3
71.91,141.7
83.64,151.5
END
$forward1 << END
0.4482,4.086
0.4847,22.02
0.4917,75.11
0.4919,74.26
0.498,122.1
0.499,65.72
0.4996,28.74
3.405,69.41
4.183,145.8
4.253,159.2
4.287,163.4
4.859,164.9
7.998,153.1
10.38,274.8
10.38,280.9
14.18,282
14.22,193.8
15.06,200.1
15.06,271.3
15.5,200.9
15.51,262.4
24.03,283.4
24.04,270.1
26.52,293.2
26.53,271.6
27.94,275.6
27.94,280.9
63.24,231.6
83.99,286
85.34,279.6
100,277.5
102.4,269.8
118.9,295.3
128,304
169.2,290.8
170.6,293
253,289.1
END
$backward1 << END
0.4113,4.22
0.4777,23.2
0.497,123
0.4985,62.28
0.4993,28.72
2.026,58.9
2.277,146.9
2.298,158.8
2.308,168.5
2.465,149.2
6.399,179.8
9.845,264.5
10.24,269
10.44,278.2
13.42,297.2
14.63,274.1
15.28,262.4
50.47,282.7
62.87,295
71.43,290.7
73.15,296.1
93.06,292.5
102.4,303.1
127.2,295.8
146.3,287.3
202.9,292.6
END
$update1 << END
0.09771,3.416
0.09938,8.764
0.09992,7.453
0.09995,7.256
0.09999,7.884
0.1245,18.88
0.1245,18.86
1.839,59.81
2.666,147.5
3.12,164.3
3.161,178.5
3.18,162.8
3.523,230.2
3.523,234
3.699,209
3.987,260.5
4.145,269.6
4.518,282.7
9.845,266.2
12.19,282.2
13.79,279.6
15.37,283.6
15.37,285
20.23,297
20.23,294.8
21.25,249.1
23.27,270.3
23.93,291.4
23.93,286.1
24.38,245
36.32,282.7
42.67,278.9
46.55,261.7
49.67,300.5
55.56,292.2
71.91,276.6
83.64,295.8
END
$forward2 << END
0.4482,12.76
0.4847,47.99
0.4917,55.56
0.4919,57.54
0.498,55.21
0.499,14.84
0.4996,14.6
3.405,61.22
4.183,62.97
4.253,61.89
4.287,64
4.859,59.13
7.998,71.34
10.38,89.18
10.38,89.24
14.18,90.19
14.22,72.29
15.06,71.42
15.06,89.92
15.5,71.99
15.51,87.03
24.03,99.65
24.04,98.81
26.52,97.5
26.53,98.71
27.94,100
27.94,99.7
63.24,97.56
83.99,93.6
85.34,97.34
100,94.22
102.4,94.58
118.9,97.23
128,98.17
169.2,99.86
170.6,99.81
253,100.5
END
$backward2 << END
0.4113,24.75
0.4777,62.44
0.497,57.29
0.4985,15.04
0.4993,14.65
2.026,56.95
2.277,60.64
2.298,61.48
2.308,64.26
2.465,52.22
6.399,91.93
9.845,90.82
10.24,90.49
10.44,89.55
13.42,94.51
14.63,91.23
15.28,86.05
50.47,98.01
62.87,97.19
71.43,98.04
73.15,99.85
93.06,94.75
102.4,98.71
127.2,102.8
146.3,99.68
202.9,104.7
END
$update2 << END
0.09771,5.01
0.09938,8.702
0.09992,4.664
0.09995,3.946
0.09999,2.191
0.1245,11.97
0.1245,11.01
1.839,59.07
2.666,78.26
3.12,73.13
3.161,75.67
3.18,51.88
3.523,84.37
3.523,83.68
3.699,94.49
3.987,90.14
4.145,95.59
4.518,78.17
9.845,101
12.19,98.85
13.79,105.3
15.37,102.3
15.37,103.5
20.23,97.79
20.23,97.08
21.25,97.71
23.27,92.89
23.93,99.9
23.93,96.91
24.38,89.8
36.32,94.46
42.67,87.39
46.55,86.77
49.67,91.37
55.56,92.44
71.91,89.88
83.64,88.13
END
$forward3 << END
0.4482,4.412
0.4847,18.09
0.4917,72.3
0.4919,68.11
0.498,98.37
0.499,60.31
0.4996,28.96
3.405,61.22
4.183,111.3
4.253,115.5
4.287,114.7
4.859,115.9
7.998,123.8
10.38,178.4
10.38,185.8
14.18,184.1
14.22,139.6
15.06,139.1
15.06,176.2
15.5,135
15.51,167.8
24.03,187
24.04,180.9
26.52,192
26.53,191.2
27.94,183
27.94,191.5
63.24,178.6
83.99,184.8
85.34,172.4
100,184.1
102.4,189.5
118.9,189
128,187.2
169.2,192.9
170.6,179.1
253,182.7
END
$backward3 << END
0.4113,4.074
0.4777,25.77
0.497,92.85
0.4985,56.91
0.4993,28.79
2.026,56.46
2.277,104.3
2.298,104.3
2.308,110.2
2.465,105.5
6.399,144.9
9.845,177.3
10.24,172
10.44,175
13.42,187.3
14.63,176
15.28,167.6
50.47,189.6
62.87,193.8
71.43,196.2
73.15,177.4
93.06,191.9
102.4,195.1
127.2,185.1
146.3,186.9
202.9,188.9
END
$update3 << END
0.09771,2.061
0.09938,5.52
0.09992,5.968
0.09995,7.747
0.09999,5.309
0.1245,12.34
0.1245,12.27
1.839,40.92
2.666,97.94
3.12,115.9
3.161,144
3.18,111.1
3.523,154.1
3.523,154.5
3.699,140.5
3.987,153.2
4.145,159.6
4.518,171.4
9.845,176.5
12.19,171.8
13.79,165.6
15.37,193.7
15.37,196.7
20.23,184.5
20.23,188.4
21.25,183.9
23.27,192.5
23.93,172.7
23.93,172.5
24.38,178.3
36.32,186.3
42.67,160.9
46.55,168
49.67,177.5
55.56,180.8
71.91,170.3
83.64,171
END
set logscale xy
set samples 1000
set key below maxcols 3
set xlabel "operations per byte that a call reads and writes\n"
set ylabel "GFLOP/s, whole verb"
set format x "%g"
set xrange [0.06514:379.5]
set yrange [1.374:613]
set terminal svg size 1240,1140 font 'DejaVu Sans,14' background 'white'
set output "GenuineIntel-6-167-1.svg"
set multiplot layout 2,2
set title "avx512, 1 thread"
plot x < 0.66133 ? 318.6 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 319 GB/s", \
    x < 2.4855 ? 84.77 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 85 GB/s", \
    x < 13.095 ? 16.09 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 16 GB/s", \
    x >= 0.66133 ? 210.7 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 211 GFLOP/s", \
    $forward0 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward0 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update0 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx512, 2 threads"
plot x < 0.6416 ? 597.1 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 597 GB/s", \
    x < 2.4231 ? 158.1 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 158 GB/s", \
    x < 12.895 ? 29.71 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 30 GB/s", \
    x >= 0.6416 ? 383.1 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 383 GFLOP/s", \
    $forward1 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward1 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update1 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 1 thread"
plot x < 0.42461 ? 263.3 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 263 GB/s", \
    x < 1.262 ? 88.59 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 89 GB/s", \
    x < 6.561 ? 17.04 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 17 GB/s", \
    x >= 0.42461 ? 111.8 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 112 GFLOP/s", \
    $forward2 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward2 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update2 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 2 threads"
plot x < 0.55335 ? 403.9 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 404 GB/s", \
    x < 1.3729 ? 162.8 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 163 GB/s", \
    x < 7.5405 ? 29.64 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 30 GB/s", \
    x >= 0.55335 ? 223.5 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 224 GFLOP/s", \
    $forward3 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward3 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update3 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
unset multiplot
set terminal pngcairo size 2480,2280 font 'DejaVu Sans,14' background 'white' fontscale 2 linewidth 2 pointscale 2
set output "GenuineIntel-6-167-1.png"
set multiplot layout 2,2
set title "avx512, 1 thread"
plot x < 0.66133 ? 318.6 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 319 GB/s", \
    x < 2.4855 ? 84.77 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 85 GB/s", \
    x < 13.095 ? 16.09 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 16 GB/s", \
    x >= 0.66133 ? 210.7 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 211 GFLOP/s", \
    $forward0 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward0 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update0 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx512, 2 threads"
plot x < 0.6416 ? 597.1 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 597 GB/s", \
    x < 2.4231 ? 158.1 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 158 GB/s", \
    x < 12.895 ? 29.71 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 30 GB/s", \
    x >= 0.6416 ? 383.1 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 383 GFLOP/s", \
    $forward1 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward1 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update1 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 1 thread"
plot x < 0.42461 ? 263.3 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 263 GB/s", \
    x < 1.262 ? 88.59 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 89 GB/s", \
    x < 6.561 ? 17.04 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 17 GB/s", \
    x >= 0.42461 ? 111.8 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 112 GFLOP/s", \
    $forward2 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward2 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update2 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 2 threads"
plot x < 0.55335 ? 403.9 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 404 GB/s", \
    x < 1.3729 ? 162.8 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 163 GB/s", \
    x < 7.5405 ? 29.64 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 30 GB/s", \
    x >= 0.55335 ? 223.5 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 224 GFLOP/s", \
    $forward3 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward3 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update3 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
unset multiplot
