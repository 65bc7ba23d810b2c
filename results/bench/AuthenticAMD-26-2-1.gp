load "../style.gp"
$forward0 << END
0.4482,18.31
0.4847,82.97
0.4917,100.3
0.4919,100.8
0.498,86.72
0.499,51.36
0.4996,38.73
3.405,146.5
4.183,153.1
4.253,154
4.287,155.8
4.859,138.1
7.998,196.5
10.38,273.6
10.38,274
14.18,259.6
14.22,198.2
15.06,198.3
15.06,270.9
15.5,196.8
15.51,263.4
24.03,269
24.04,266.3
26.52,270.1
26.53,265.7
27.94,268.6
27.94,269.4
63.24,253
83.99,254.5
85.34,250.3
100,236.1
102.4,261.3
118.9,242.9
128,243.8
169.2,237.6
170.6,256.9
253,260.8
END
$backward0 << END
0.4113,40.76
0.4777,104.2
0.497,88.28
0.4985,55.98
0.4993,49.96
2.026,181
2.277,185.1
2.298,188
2.308,190
2.465,153.3
6.399,263.7
9.845,258.2
10.24,258.7
10.44,254.8
13.42,263.7
14.63,273.9
15.28,266.5
50.47,263.1
62.87,257.4
71.43,237.4
73.15,252.2
93.06,257.4
102.4,240.2
127.2,241.9
146.3,257.5
202.9,249.7
END
$update0 << END
0.09771,8.117
0.09938,17.01
0.09992,6.044
0.09995,3.531
0.09999,4.331
0.1245,22.66
0.1245,22.13
1.839,135
2.666,201.6
3.12,177.8
3.161,82.5
3.18,119.7
3.523,232.5
3.523,227.4
3.699,241.3
3.987,263.6
4.145,273.2
4.518,253.7
9.845,262.1
12.19,275.4
13.79,279.2
15.37,263.4
15.37,267.5
20.23,272.4
20.23,274
21.25,249
23.27,211.5
23.93,260.2
23.93,260.3
24.38,239.5
36.32,251
42.67,233.7
46.55,255
49.67,238.4
55.56,225.9
71.91,232.9
83.64,244
END
$forward1 << END
0.4482,11
0.4847,54.29
0.4917,93.58
0.4919,94.99
0.498,85.98
0.499,44.79
0.4996,40.7
3.405,172.6
4.183,220.4
4.253,285.3
4.287,303.8
4.859,276.9
7.998,328.6
10.38,505.4
10.38,508.8
14.18,476
14.22,340.4
15.06,282.6
15.06,496
15.5,377.3
15.51,404.9
24.03,459.3
24.04,481.4
26.52,499
26.53,518.2
27.94,527.3
27.94,542.7
63.24,462.6
83.99,487.3
85.34,492.1
100,505.4
102.4,493.6
118.9,485.3
128,470.8
169.2,494.3
170.6,497.4
253,534.3
END
$backward1 << END
0.4113,13.08
0.4777,62.58
0.497,75.53
0.4985,44.19
0.4993,39.89
2.026,198.4
2.277,136.7
2.298,315.4
2.308,355.2
2.465,263.5
6.399,411.7
9.845,396.4
10.24,452.5
10.44,488.5
13.42,489.6
14.63,502.3
15.28,398.9
50.47,471.6
62.87,494.6
71.43,524.5
73.15,495.8
93.06,484.7
102.4,459
127.2,495.5
146.3,491.9
202.9,539.8
END
$update1 << END
0.09771,8.025
0.09938,19.74
0.09992,5.32
0.09995,4.985
0.09999,4.889
0.1245,29.41
0.1245,32.38
1.839,179.2
2.666,306.6
3.12,147.2
3.161,136.3
3.18,228.4
3.523,413.4
3.523,419.5
3.699,218.8
3.987,451.7
4.145,514.9
4.518,481.9
9.845,380.7
12.19,515.7
13.79,545.4
15.37,464.4
15.37,467.7
20.23,516.3
20.23,501
21.25,428.1
23.27,387.7
23.93,522.1
23.93,534.3
24.38,421.2
36.32,467.8
42.67,449
46.55,488.8
49.67,431.8
55.56,510.8
71.91,484.6
83.64,518.8
END
$forward2 << END
0.4482,18.32
0.4847,70.8
0.4917,118.3
0.4919,103.7
0.498,79.57
0.499,53.21
0.4996,45.03
3.405,82.18
4.183,87.95
4.253,87.44
4.287,86.66
4.859,86.98
7.998,97.43
10.38,133.2
10.38,132.5
14.18,124.6
14.22,99.48
15.06,98.73
15.06,132
15.5,97.38
15.51,131.3
24.03,135
24.04,135.4
26.52,134.8
26.53,135.2
27.94,129.8
27.94,128.8
63.24,127.1
83.99,125.4
85.34,133.3
100,122.9
102.4,136.8
118.9,135.5
128,134.8
169.2,130
170.6,136.7
253,131.8
END
$backward2 << END
0.4113,41.42
0.4777,96.6
0.497,78.8
0.4985,53.13
0.4993,48.13
2.026,95.66
2.277,102.1
2.298,102.5
2.308,100.5
2.465,98.78
6.399,129.4
9.845,134.8
10.24,134.1
10.44,131.7
13.42,130.3
14.63,134.7
15.28,131.4
50.47,133.1
62.87,130.5
71.43,127
73.15,137
93.06,138
102.4,137.8
127.2,136.1
146.3,138.1
202.9,136.5
END
$update2 << END
0.09771,6.394
0.09938,13.66
0.09992,9.23
0.09995,4.414
0.09999,5.26
0.1245,20.44
0.1245,20.62
1.839,80.36
2.666,117.2
3.12,109.9
3.161,67.76
3.18,100.9
3.523,127
3.523,127.4
3.699,121.6
3.987,126.8
4.145,127.4
4.518,125
9.845,134.3
12.19,137.7
13.79,134.5
15.37,134.9
15.37,134.4
20.23,135.7
20.23,132.7
21.25,131
23.27,125.7
23.93,131.8
23.93,132.2
24.38,129.6
36.32,126.6
42.67,129.9
46.55,126.5
49.67,133.3
55.56,126
71.91,133.1
83.64,133.7
END
$forward3 << END
0.4482,11.03
0.4847,48.33
0.4917,106.8
0.4919,99.9
0.498,62.04
0.499,47.09
0.4996,54.65
3.405,122.3
4.183,166.4
4.253,170.3
4.287,174.5
4.859,169.9
7.998,181
10.38,245.8
10.38,247.4
14.18,230.8
14.22,194
15.06,195.1
15.06,245.1
15.5,195.2
15.51,247.8
24.03,265.5
24.04,251.7
26.52,257
26.53,266.1
27.94,267.6
27.94,267
63.24,255.4
83.99,255
85.34,265.3
100,244.7
102.4,268.7
118.9,257.6
128,266.8
169.2,262.2
170.6,272.4
253,269.7
END
$backward3 << END
0.4113,12.4
0.4777,56.42
0.497,64.61
0.4985,47.44
0.4993,56.08
2.026,125.5
2.277,182.4
2.298,193.8
2.308,196.7
2.465,90.67
6.399,228.9
9.845,260
10.24,260.7
10.44,263.2
13.42,240.7
14.63,253.8
15.28,236.9
50.47,264.7
62.87,268.2
71.43,264.8
73.15,270.3
93.06,267.9
102.4,269.2
127.2,274.6
146.3,272.7
202.9,261.9
END
$update3 << END
0.09771,7.601
0.09938,10.45
0.09992,4.562
0.09995,5.586
0.09999,5.77
0.1245,27.18
0.1245,28.5
1.839,119.7
2.666,185
3.12,95.75
3.161,94.83
3.18,162.5
3.523,228.2
3.523,226.6
3.699,214.2
3.987,231.8
4.145,249.4
4.518,233.5
9.845,251.9
12.19,252.7
13.79,258.7
15.37,254.7
15.37,269.1
20.23,265.5
20.23,259.8
21.25,238.5
23.27,240.4
23.93,269.1
23.93,266.9
24.38,254.6
36.32,257
42.67,253.9
46.55,262.5
49.67,237.7
55.56,250.3
71.91,242.6
83.64,254.8
END
set logscale xy
set samples 1000
set key below maxcols 3
set xlabel "operations per byte that a call reads and writes\n"
set ylabel "GFLOP/s, whole verb"
set format x "%g"
set xrange [0.06514:379.5]
set yrange [2.354:861.4]
set terminal svg size 1240,1140 font 'DejaVu Sans,14' background 'white'
set output "AuthenticAMD-26-2-1.svg"
set multiplot layout 2,2
set title "avx512, 1 thread"
plot x < 0.5358 ? 532.1 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 532 GB/s", \
    x < 1.168 ? 244.1 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 244 GB/s", \
    x < 6.832 ? 41.73 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 42 GB/s", \
    x >= 0.5358 ? 285.1 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 285 GFLOP/s", \
    $forward0 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward0 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update0 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx512, 2 threads"
plot x < 0.5294 ? 1017 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 1,017 GB/s", \
    x < 1.0308 ? 522.3 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 522 GB/s", \
    x < 12.069 ? 44.61 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 45 GB/s", \
    x >= 0.5294 ? 538.4 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 538 GFLOP/s", \
    $forward1 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward1 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update1 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 1 thread"
plot x < 0.30327 ? 476.8 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 477 GB/s", \
    x < 0.52108 ? 277.5 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 278 GB/s", \
    x < 3.3059 ? 43.74 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 44 GB/s", \
    x >= 0.30327 ? 144.6 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 145 GFLOP/s", \
    $forward2 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward2 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update2 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 2 threads"
plot x < 0.32205 ? 894.9 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 895 GB/s", \
    x < 0.55306 ? 521.1 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 521 GB/s", \
    x < 6.1673 ? 46.73 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 47 GB/s", \
    x >= 0.32205 ? 288.2 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 288 GFLOP/s", \
    $forward3 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward3 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update3 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
unset multiplot
set terminal pngcairo size 2480,2280 font 'DejaVu Sans,14' background 'white' fontscale 2 linewidth 2 pointscale 2
set output "AuthenticAMD-26-2-1.png"
set multiplot layout 2,2
set title "avx512, 1 thread"
plot x < 0.5358 ? 532.1 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 532 GB/s", \
    x < 1.168 ? 244.1 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 244 GB/s", \
    x < 6.832 ? 41.73 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 42 GB/s", \
    x >= 0.5358 ? 285.1 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 285 GFLOP/s", \
    $forward0 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward0 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update0 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx512, 2 threads"
plot x < 0.5294 ? 1017 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 1,017 GB/s", \
    x < 1.0308 ? 522.3 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 522 GB/s", \
    x < 12.069 ? 44.61 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 45 GB/s", \
    x >= 0.5294 ? 538.4 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 538 GFLOP/s", \
    $forward1 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward1 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update1 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 1 thread"
plot x < 0.30327 ? 476.8 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 477 GB/s", \
    x < 0.52108 ? 277.5 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 278 GB/s", \
    x < 3.3059 ? 43.74 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 44 GB/s", \
    x >= 0.30327 ? 144.6 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 145 GFLOP/s", \
    $forward2 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward2 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update2 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 2 threads"
plot x < 0.32205 ? 894.9 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 895 GB/s", \
    x < 0.55306 ? 521.1 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 521 GB/s", \
    x < 6.1673 ? 46.73 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 47 GB/s", \
    x >= 0.32205 ? 288.2 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 288 GFLOP/s", \
    $forward3 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward3 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update3 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
unset multiplot
