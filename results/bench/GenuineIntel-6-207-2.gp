load "../style.gp"
$forward0 << END
0.4482,11.66
0.4847,49.62
0.4917,63.29
0.4919,62.95
0.498,61.37
0.499,14.84
0.4996,14.85
3.405,98.06
4.183,98.2
4.253,95.51
4.287,95.38
4.859,88.6
7.998,108.6
10.38,163.6
10.38,169.4
14.18,156.9
14.22,108.9
15.06,111.4
15.06,153.1
15.5,110.8
15.51,161.3
24.03,166.8
24.04,166.4
26.52,175.5
26.53,169.7
27.94,170
27.94,163.6
63.24,155.5
83.99,156.6
85.34,166.4
100,154.7
102.4,168.8
118.9,166.1
128,165.8
169.2,158.4
170.6,161.5
253,165.7
END
$backward0 << END
0.4113,29.82
0.4777,71.23
0.497,62.5
0.4985,14.98
0.4993,14.87
2.026,107.1
2.277,100.6
2.298,104.7
2.308,104.5
2.465,63.81
6.399,158.3
9.845,164.9
10.24,149.7
10.44,155.1
13.42,164.9
14.63,157.2
15.28,157.8
50.47,165.9
62.87,163.7
71.43,159.3
73.15,174
93.06,171.1
102.4,164.3
127.2,161.3
146.3,163
202.9,164.3
END
$update0 << END
0.09771,5.045
0.09938,10.91
0.09992,4.288
0.09995,4.051
0.09999,4.22
0.1245,11.14
0.1245,11.13
1.839,80.05
2.666,110.5
3.12,92.86
3.161,87.07
3.18,75.46
3.523,131.2
3.523,134.2
3.699,150.1
3.987,163.3
4.145,166.7
4.518,136.4
9.845,167
12.19,173.9
13.79,170.2
15.37,159.1
15.37,167.1
20.23,167.7
20.23,171.9
21.25,144.9
23.27,144.2
23.93,169.6
23.93,168.4
24.38,148.2
36.32,158
42.67,142.4
46.55,153.3
49.67,162.4
55.56,153.8
71.91,154.5
83.64,163.1
END
$forward1 << END
0.4482,3.531
0.4847,21.38
0.4917,75
0.4919,71.31
0.498,115.6
0.499,54.91
0.4996,28.72
3.405,78.97
4.183,175.8
4.253,195.8
4.287,177.7
4.859,188.2
7.998,163
10.38,292.3
10.38,300.4
14.18,304
14.22,205.8
15.06,213
15.06,308.7
15.5,213.4
15.51,298.4
24.03,319.3
24.04,331.3
26.52,332.6
26.53,335.4
27.94,319.7
27.94,315.6
63.24,299.6
83.99,306
85.34,322.5
100,321.8
102.4,317.5
118.9,332.2
128,322.3
169.2,317.2
170.6,319.6
253,322.7
END
$backward1 << END
0.4113,4.963
0.4777,26.22
0.497,115.5
0.4985,57.08
0.4993,29.01
2.026,59.56
2.277,168.6
2.298,196.5
2.308,194.5
2.465,158.8
6.399,213.4
9.845,294.7
10.24,298.3
10.44,306.8
13.42,321.7
14.63,303.7
15.28,306.5
50.47,322.1
62.87,319.2
71.43,326.4
73.15,331.4
93.06,317.2
102.4,324.6
127.2,318.5
146.3,326.1
202.9,324.4
END
$update1 << END
0.09771,3.785
0.09938,8.984
0.09992,6.217
0.09995,7.793
0.09999,8.153
0.1245,18.82
0.1245,19.11
1.839,70.21
2.666,162.8
3.12,159.7
3.161,167.2
3.18,162.2
3.523,239.6
3.523,246.5
3.699,227.6
3.987,293.5
4.145,299.5
4.518,296.2
9.845,282.8
12.19,325.6
13.79,329.4
15.37,319
15.37,316.4
20.23,322.7
20.23,330.4
21.25,271.4
23.27,290.1
23.93,319
23.93,314.8
24.38,275.9
36.32,294.3
42.67,300.5
46.55,299.1
49.67,323.3
55.56,303.6
71.91,298.4
83.64,314.9
END
$forward2 << END
0.4482,11.78
0.4847,41.97
0.4917,51.59
0.4919,50.89
0.498,49.65
0.499,15
0.4996,14.85
3.405,50.47
4.183,55.68
4.253,56.35
4.287,55.03
4.859,54.16
7.998,60.42
10.38,82.84
10.38,81.83
14.18,77.03
14.22,60.26
15.06,65.14
15.06,80.1
15.5,62.06
15.51,79.93
24.03,84.23
24.04,83.45
26.52,84.21
26.53,84.79
27.94,85.53
27.94,87.61
63.24,80.15
83.99,80.48
85.34,83.38
100,78.38
102.4,87.38
118.9,83.53
128,84.43
169.2,86.69
170.6,84.78
253,87.81
END
$backward2 << END
0.4113,25.39
0.4777,52.61
0.497,50.34
0.4985,14.81
0.4993,14.99
2.026,56.29
2.277,60.71
2.298,61.37
2.308,60.12
2.465,49.74
6.399,78.31
9.845,80.25
10.24,80.59
10.44,84.37
13.42,83.33
14.63,82.22
15.28,82.71
50.47,83.55
62.87,83.66
71.43,81.53
73.15,86.43
93.06,86.71
102.4,87.75
127.2,87.27
146.3,87.72
202.9,88.42
END
$update2 << END
0.09771,3.918
0.09938,7.992
0.09992,4.409
0.09995,4.042
0.09999,2.241
0.1245,11
0.1245,11
1.839,45.94
2.666,67.62
3.12,64.36
3.161,63.73
3.18,51.99
3.523,74.55
3.523,75.81
3.699,73.31
3.987,84.61
4.145,86.9
4.518,69.01
9.845,83.45
12.19,84.4
13.79,86.62
15.37,84.33
15.37,84.87
20.23,88.97
20.23,84.83
21.25,82.53
23.27,82.79
23.93,83.26
23.93,85.37
24.38,79.96
36.32,83.66
42.67,81.3
46.55,81.31
49.67,81.4
55.56,76.5
71.91,82.33
83.64,83.14
END
$forward3 << END
0.4482,4.11
0.4847,16.39
0.4917,67.27
0.4919,66.93
0.498,93.02
0.499,59.15
0.4996,29.69
3.405,62.37
4.183,97.15
4.253,110
4.287,107.2
4.859,107.1
7.998,107.1
10.38,161.9
10.38,162.9
14.18,152.8
14.22,126
15.06,128.4
15.06,159.1
15.5,129.2
15.51,161.4
24.03,170.2
24.04,163
26.52,171.7
26.53,178.8
27.94,165.7
27.94,170.4
63.24,161
83.99,160.2
85.34,172.9
100,165.8
102.4,176.7
118.9,166.3
128,180.1
169.2,166.3
170.6,171.3
253,167.9
END
$backward3 << END
0.4113,4.044
0.4777,22.1
0.497,96.54
0.4985,54.07
0.4993,29.71
2.026,56.04
2.277,108.8
2.298,117.1
2.308,118.8
2.465,106.6
6.399,130.3
9.845,154
10.24,165
10.44,170.4
13.42,159.2
14.63,162.5
15.28,160
50.47,169.2
62.87,173.6
71.43,176.1
73.15,172.2
93.06,173.1
102.4,183.7
127.2,170.6
146.3,170.2
202.9,168.9
END
$update3 << END
0.09771,2.264
0.09938,4.438
0.09992,4.533
0.09995,8.072
0.09999,5.534
0.1245,17.93
0.1245,18.36
1.839,45.36
2.666,100.4
3.12,98.95
3.161,128.3
3.18,106.2
3.523,146.2
3.523,147.8
3.699,130
3.987,154.5
4.145,163.4
4.518,157.2
9.845,153.2
12.19,161.2
13.79,157.8
15.37,167.6
15.37,175.8
20.23,170.7
20.23,178.1
21.25,166.2
23.27,163.3
23.93,167.8
23.93,172.5
24.38,161.7
36.32,169.1
42.67,165.7
46.55,159.8
49.67,161.5
55.56,164.3
71.91,162.2
83.64,166.5
END
set logscale xy
set samples 1000
set key below maxcols 3
set xlabel "operations per byte that a call reads and writes\n"
set ylabel "GFLOP/s, whole verb"
set format x "%g"
set xrange [0.06514:379.5]
set yrange [1.494:613.4]
set terminal svg size 1240,1140 font 'DejaVu Sans,14' background 'white'
set output "GenuineIntel-6-207-2.svg"
set multiplot layout 2,2
set title "avx512, 1 thread"
plot x < 0.55216 ? 324 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 324 GB/s", \
    x < 2.1601 ? 82.82 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 83 GB/s", \
    x < 12.992 ? 13.77 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 14 GB/s", \
    x >= 0.55216 ? 178.9 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 179 GFLOP/s", \
    $forward0 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward0 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update0 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx512, 2 threads"
plot x < 0.51498 ? 744.5 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 744 GB/s", \
    x < 2.233 ? 171.7 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 172 GB/s", \
    x < 14.729 ? 26.03 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 26 GB/s", \
    x >= 0.51498 ? 383.4 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 383 GFLOP/s", \
    $forward1 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward1 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update1 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 1 thread"
plot x < 0.39284 ? 252.9 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 253 GB/s", \
    x < 1.2079 ? 82.25 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 82 GB/s", \
    x < 7.215 ? 13.77 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 14 GB/s", \
    x >= 0.39284 ? 99.35 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 99 GFLOP/s", \
    $forward2 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward2 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update2 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 2 threads"
plot x < 0.36774 ? 538.7 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 539 GB/s", \
    x < 1.2072 ? 164.1 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 164 GB/s", \
    x < 7.4953 ? 26.43 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 26 GB/s", \
    x >= 0.36774 ? 198.1 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 198 GFLOP/s", \
    $forward3 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward3 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update3 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
unset multiplot
set terminal pngcairo size 2480,2280 font 'DejaVu Sans,14' background 'white' fontscale 2 linewidth 2 pointscale 2
set output "GenuineIntel-6-207-2.png"
set multiplot layout 2,2
set title "avx512, 1 thread"
plot x < 0.55216 ? 324 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 324 GB/s", \
    x < 2.1601 ? 82.82 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 83 GB/s", \
    x < 12.992 ? 13.77 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 14 GB/s", \
    x >= 0.55216 ? 178.9 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 179 GFLOP/s", \
    $forward0 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward0 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update0 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx512, 2 threads"
plot x < 0.51498 ? 744.5 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 744 GB/s", \
    x < 2.233 ? 171.7 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 172 GB/s", \
    x < 14.729 ? 26.03 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 26 GB/s", \
    x >= 0.51498 ? 383.4 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 383 GFLOP/s", \
    $forward1 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward1 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update1 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 1 thread"
plot x < 0.39284 ? 252.9 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 253 GB/s", \
    x < 1.2079 ? 82.25 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 82 GB/s", \
    x < 7.215 ? 13.77 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 14 GB/s", \
    x >= 0.39284 ? 99.35 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 99 GFLOP/s", \
    $forward2 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward2 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update2 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 2 threads"
plot x < 0.36774 ? 538.7 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 539 GB/s", \
    x < 1.2072 ? 164.1 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 164 GB/s", \
    x < 7.4953 ? 26.43 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 26 GB/s", \
    x >= 0.36774 ? 198.1 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 198 GFLOP/s", \
    $forward3 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward3 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update3 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
unset multiplot
