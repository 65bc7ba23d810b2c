load "../style.gp"
$forward0 << END
0.4482,17.03
0.4847,76.49
0.4917,95.9
0.4919,94.63
0.498,79.59
0.499,52.62
0.4996,49.85
3.405,132.1
4.183,143.4
4.253,140.1
4.287,140.5
4.859,131.6
7.998,181.8
10.38,252.4
10.38,254.6
14.18,237
14.22,184.3
15.06,182.7
15.06,251
15.5,183.5
15.51,243.6
24.03,250.1
24.04,244.7
26.52,248.1
26.53,245.1
27.94,245.4
27.94,248.1
63.24,239.2
83.99,230.6
85.34,243.6
100,232.2
102.4,228.6
118.9,248
128,243.6
169.2,221.2
170.6,235.9
253,217.1
END
$backward0 << END
0.4113,37.55
0.4777,95.13
0.497,86.28
0.4985,53.12
0.4993,46.58
2.026,170.6
2.277,174.6
2.298,169.7
2.308,169.8
2.465,144.6
6.399,246.1
9.845,241.1
10.24,235.6
10.44,235
13.42,246.7
14.63,255.5
15.28,247.1
50.47,240
62.87,242.4
71.43,230
73.15,246.6
93.06,229.5
102.4,235.9
127.2,223
146.3,230.7
202.9,221.9
END
$update0 << END
0.09771,7.438
0.09938,15.93
0.09992,11.12
0.09995,11.74
0.09999,7.003
0.1245,22.52
0.1245,21.33
1.839,125.3
2.666,192.4
3.12,158.7
3.161,153.5
3.18,127.5
3.523,213.2
3.523,214.3
3.699,228.5
3.987,239.4
4.145,247.6
4.518,232
9.845,244.5
12.19,245.4
13.79,254.5
15.37,243.8
15.37,242.8
20.23,245.6
20.23,241.9
21.25,231.3
23.27,225.7
23.93,243.7
23.93,246.9
24.38,223
36.32,240.6
42.67,237.6
46.55,235.6
49.67,243.4
55.56,230.5
71.91,224.1
83.64,235.9
END
$forward1 << END
0.4482,9.69
0.4847,50.79
0.4917,90.87
0.4919,87.23
0.498,62.26
0.499,43.91
0.4996,46.17
3.405,151.9
4.183,251.7
4.253,266.2
4.287,265.9
4.859,265.8
7.998,301.8
10.38,473.4
10.38,475.2
14.18,448.3
14.22,340.3
15.06,353
15.06,478.7
15.5,350.5
15.51,432.3
24.03,446.9
24.04,474.8
26.52,485.4
26.53,485.2
27.94,473.2
27.94,472.5
63.24,435.7
83.99,454.9
85.34,482.4
100,446
102.4,460.2
118.9,478.8
128,481.4
169.2,484.6
170.6,465
253,466.8
END
$backward1 << END
0.4113,10.75
0.4777,54.4
0.497,62.1
0.4985,46.42
0.4993,40.94
2.026,165
2.277,280.1
2.298,310.5
2.308,316.9
2.465,264.8
6.399,378.8
9.845,440.2
10.24,431.4
10.44,452.1
13.42,462.6
14.63,483.5
15.28,435.9
50.47,452.1
62.87,472.8
71.43,465.1
73.15,491.2
93.06,461.8
102.4,487.7
127.2,474.3
146.3,446.3
202.9,448.8
END
$update1 << END
0.09771,6.524
0.09938,16.6
0.09992,20.1
0.09995,10.74
0.09999,4.813
0.1245,37.08
0.1245,34.25
1.839,140.2
2.666,279.5
3.12,308.6
3.161,324.4
3.18,202.7
3.523,392.4
3.523,398
3.699,353.4
3.987,423.1
4.145,457.6
4.518,461.9
9.845,452.8
12.19,484.7
13.79,490
15.37,466.1
15.37,464.4
20.23,479.3
20.23,477.3
21.25,446.1
23.27,461.7
23.93,470.7
23.93,475.6
24.38,455.6
36.32,461.5
42.67,470.8
46.55,443
49.67,466.6
55.56,461.3
71.91,483.7
83.64,450.3
END
$forward2 << END
0.4482,17.01
0.4847,67.65
0.4917,110.7
0.4919,104.8
0.498,79.49
0.499,50.8
0.4996,57.03
3.405,75.42
4.183,82.44
4.253,81.79
4.287,82
4.859,79.71
7.998,90.16
10.38,122.1
10.38,120.2
14.18,116.9
14.22,93.12
15.06,92.91
15.06,122.8
15.5,92.26
15.51,121.7
24.03,124.6
24.04,126.5
26.52,124.8
26.53,122.8
27.94,122.6
27.94,123.6
63.24,121
83.99,115.4
85.34,126.6
100,120.1
102.4,124
118.9,123.5
128,126.2
169.2,122.8
170.6,125.7
253,128.1
END
$backward2 << END
0.4113,38.94
0.4777,92.42
0.497,80.81
0.4985,50.8
0.4993,54.09
2.026,88.52
2.277,94.3
2.298,94.89
2.308,92.55
2.465,89.97
6.399,119.6
9.845,123.4
10.24,124.3
10.44,123.6
13.42,119
14.63,122.7
15.28,120.5
50.47,126.6
62.87,120.5
71.43,123.1
73.15,126.2
93.06,127.2
102.4,128.1
127.2,128.6
146.3,125.7
202.9,127.8
END
$update2 << END
0.09771,6.024
0.09938,12.02
0.09992,9.615
0.09995,10.45
0.09999,5.182
0.1245,17.51
0.1245,17.45
1.839,73.71
2.666,106.7
3.12,100.6
3.161,98.89
3.18,96.2
3.523,117
3.523,117.6
3.699,112.1
3.987,116
4.145,120.2
4.518,113.9
9.845,127.1
12.19,126.7
13.79,128.4
15.37,125.8
15.37,126.8
20.23,122.2
20.23,126.4
21.25,124.9
23.27,120.8
23.93,126.4
23.93,126.8
24.38,122.3
36.32,122
42.67,119.5
46.55,121.2
49.67,120.9
55.56,122.7
71.91,123.5
83.64,122.2
END
$forward3 << END
0.4482,3.114
0.4847,18.53
0.4917,101
0.4919,93.66
0.498,64.11
0.499,43.81
0.4996,49.93
3.405,113.5
4.183,129.9
4.253,150.1
4.287,161.1
4.859,159.6
7.998,166.3
10.38,238.5
10.38,219.5
14.18,195.3
14.22,173
15.06,172.7
15.06,219.1
15.5,185.4
15.51,229.6
24.03,217.3
24.04,222.1
26.52,242.6
26.53,240.9
27.94,250.6
27.94,247
63.24,202.6
83.99,231.5
85.34,239.2
100,236
102.4,236.8
118.9,248.6
128,243.2
169.2,247.1
170.6,246
253,246.2
END
$backward3 << END
0.4113,3.487
0.4777,18.35
0.497,75.12
0.4985,44.51
0.4993,52.04
2.026,119.7
2.277,94.38
2.298,168.4
2.308,182.9
2.465,173.5
6.399,216.4
9.845,219.7
10.24,237.5
10.44,248.3
13.42,202.2
14.63,225.4
15.28,232.6
50.47,209
62.87,236.6
71.43,244.7
73.15,241.7
93.06,243.1
102.4,253.1
127.2,251
146.3,254.1
202.9,253.6
END
$update3 << END
0.09771,2.242
0.09938,2.139
0.09992,13.92
0.09995,16.08
0.09999,8.322
0.1245,10.98
0.1245,26.43
1.839,113.1
2.666,178.5
3.12,110.7
3.161,122
3.18,156.8
3.523,169
3.523,227
3.699,121.4
3.987,211.1
4.145,228.5
4.518,232.6
9.845,208
12.19,234.3
13.79,239.5
15.37,240.6
15.37,243.7
20.23,245.6
20.23,242.7
21.25,221.5
23.27,226.9
23.93,250.9
23.93,247
24.38,233.6
36.32,231.3
42.67,243.9
46.55,245.3
49.67,243.3
55.56,240.3
71.91,243.5
83.64,247.2
END
set logscale xy
set samples 1000
set key below maxcols 3
set xlabel "operations per byte that a call reads and writes\n"
set ylabel "GFLOP/s, whole verb"
set format x "%g"
set xrange [0.06514:379.5]
set yrange [1.426:848.3]
set terminal svg size 1240,1140 font 'DejaVu Sans,14' background 'white'
set output "AuthenticAMD-26-2-1.svg"
set multiplot layout 2,2
set title "avx512, 1 thread"
plot x < 0.51764 ? 524.3 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 524 GB/s", \
    x < 1.0383 ? 261.4 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 261 GB/s", \
    x < 6.2506 ? 43.42 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 43 GB/s", \
    x >= 0.51764 ? 271.4 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 271 GFLOP/s", \
    $forward0 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward0 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update0 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx512, 2 threads"
plot x < 0.52391 ? 1012 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 1,012 GB/s", \
    x < 1.0374 ? 511.1 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 511 GB/s", \
    x < 11.164 ? 47.49 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 47 GB/s", \
    x >= 0.52391 ? 530.2 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 530 GFLOP/s", \
    $forward1 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward1 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update1 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 1 thread"
plot x < 0.30626 ? 447 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 447 GB/s", \
    x < 0.53227 ? 257.2 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 257 GB/s", \
    x < 3.2619 ? 41.97 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 42 GB/s", \
    x >= 0.30626 ? 136.9 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 137 GFLOP/s", \
    $forward2 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward2 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update2 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 2 threads"
plot x < 0.31436 ? 846.8 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 847 GB/s", \
    x < 0.53876 ? 494.1 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 494 GB/s", \
    x < 6.0749 ? 43.82 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 44 GB/s", \
    x >= 0.31436 ? 266.2 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 266 GFLOP/s", \
    $forward3 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward3 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update3 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
unset multiplot
set terminal pngcairo size 2480,2280 font 'DejaVu Sans,14' background 'white' fontscale 2 linewidth 2 pointscale 2
set output "AuthenticAMD-26-2-1.png"
set multiplot layout 2,2
set title "avx512, 1 thread"
plot x < 0.51764 ? 524.3 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 524 GB/s", \
    x < 1.0383 ? 261.4 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 261 GB/s", \
    x < 6.2506 ? 43.42 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 43 GB/s", \
    x >= 0.51764 ? 271.4 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 271 GFLOP/s", \
    $forward0 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward0 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update0 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx512, 2 threads"
plot x < 0.52391 ? 1012 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 1,012 GB/s", \
    x < 1.0374 ? 511.1 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 511 GB/s", \
    x < 11.164 ? 47.49 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 47 GB/s", \
    x >= 0.52391 ? 530.2 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 530 GFLOP/s", \
    $forward1 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward1 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update1 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 1 thread"
plot x < 0.30626 ? 447 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 447 GB/s", \
    x < 0.53227 ? 257.2 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 257 GB/s", \
    x < 3.2619 ? 41.97 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 42 GB/s", \
    x >= 0.30626 ? 136.9 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 137 GFLOP/s", \
    $forward2 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward2 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update2 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 2 threads"
plot x < 0.31436 ? 846.8 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 847 GB/s", \
    x < 0.53876 ? 494.1 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 494 GB/s", \
    x < 6.0749 ? 43.82 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 44 GB/s", \
    x >= 0.31436 ? 266.2 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 266 GFLOP/s", \
    $forward3 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward3 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update3 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
unset multiplot
