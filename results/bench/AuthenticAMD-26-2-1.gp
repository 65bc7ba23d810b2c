load "../style.gp"
$forward0 << END
0.4482,16.49
0.4847,79.46
0.4917,96.08
0.4919,96.45
0.498,83.79
0.499,53.35
0.4996,60.31
3.405,139.7
4.183,138.2
4.253,139.3
4.287,143.6
4.859,144.6
7.998,187.2
10.38,263.7
10.38,262.3
14.18,253.1
14.22,187.7
15.06,189.8
15.06,259.2
15.5,189.6
15.51,233
24.03,257
24.04,253.4
26.52,259.8
26.53,257
27.94,255.9
27.94,263.4
63.24,244.5
83.99,242.4
85.34,245.2
100,240.5
102.4,242.4
118.9,240.5
128,252
169.2,258.8
170.6,242.2
253,253.9
END
$backward0 << END
0.4113,36.22
0.4777,93.38
0.497,83.92
0.4985,54.1
0.4993,50.11
2.026,148
2.277,158
2.298,157.2
2.308,174.2
2.465,134.2
6.399,241.1
9.845,235.1
10.24,240.6
10.44,251.4
13.42,255.1
14.63,264.4
15.28,233.6
50.47,251.4
62.87,251.7
71.43,232.3
73.15,239.7
93.06,240.2
102.4,246.3
127.2,251.2
146.3,242.9
202.9,251.5
END
$update0 << END
0.09771,5
0.09938,17.19
0.09992,8.604
0.09995,10.15
0.09999,3.907
0.1245,24.12
0.1245,23.86
1.839,79.67
2.666,199.6
3.12,167.9
3.161,149.3
3.18,86.44
3.523,231
3.523,228
3.699,140.1
3.987,148.9
4.145,155
4.518,135.1
9.845,248.8
12.19,262
13.79,267.4
15.37,254.4
15.37,254.4
20.23,258.8
20.23,263.6
21.25,238.1
23.27,202
23.93,254.4
23.93,267.7
24.38,210.7
36.32,246.4
42.67,230.1
46.55,234.3
49.67,223.2
55.56,227.1
71.91,245.9
83.64,250.4
END
$forward1 << END
0.4482,9.668
0.4847,52.65
0.4917,91.36
0.4919,93.92
0.498,74.67
0.499,47.93
0.4996,56.76
3.405,188.1
4.183,265.8
4.253,265.3
4.287,278.1
4.859,273.2
7.998,326.6
10.38,512
10.38,512.8
14.18,492
14.22,371
15.06,359.1
15.06,513.5
15.5,377.3
15.51,508.4
24.03,519.8
24.04,523.3
26.52,510.9
26.53,517.2
27.94,519.1
27.94,515.7
63.24,491
83.99,479.1
85.34,520.3
100,487.8
102.4,481.8
118.9,468.4
128,485.1
169.2,490.2
170.6,498.2
253,479.4
END
$backward1 << END
0.4113,12.66
0.4777,61.32
0.497,81.1
0.4985,47.29
0.4993,47.75
2.026,176.1
2.277,277
2.298,297.8
2.308,322.6
2.465,251
6.399,405.9
9.845,459.3
10.24,443.4
10.44,494.4
13.42,505.8
14.63,518.2
15.28,512.6
50.47,512
62.87,493.4
71.43,486.9
73.15,521.3
93.06,478.6
102.4,486.6
127.2,475.1
146.3,481.9
202.9,461.4
END
$update1 << END
0.09771,6.615
0.09938,28.08
0.09992,6.121
0.09995,20.54
0.09999,5.364
0.1245,41.09
0.1245,40.45
1.839,126.1
2.666,316.5
3.12,224.3
3.161,308.6
3.18,140.5
3.523,434.6
3.523,425.7
3.699,246.4
3.987,276.1
4.145,296.6
4.518,272.9
9.845,486.7
12.19,510.5
13.79,523.8
15.37,523.7
15.37,508.1
20.23,514.7
20.23,517
21.25,384.5
23.27,409.5
23.93,515.4
23.93,510.7
24.38,407.3
36.32,492.8
42.67,453.7
46.55,461.3
49.67,448.7
55.56,489.7
71.91,448.3
83.64,475.3
END
$forward2 << END
0.4482,17.37
0.4847,31.33
0.4917,33.86
0.4919,34.15
0.498,32.85
0.499,33.13
0.4996,32.39
3.405,80.5
4.183,82.84
4.253,83.09
4.287,83.93
4.859,82.47
7.998,92.81
10.38,128.7
10.38,127.1
14.18,120.5
14.22,94.16
15.06,93.41
15.06,126.3
15.5,93.47
15.51,111.6
24.03,127.6
24.04,129
26.52,126.3
26.53,129.1
27.94,127.3
27.94,128
63.24,122.3
83.99,122.5
85.34,125
100,122.2
102.4,120.6
118.9,126
128,128
169.2,128.4
170.6,120.7
253,121.9
END
$backward2 << END
0.4113,21.45
0.4777,40.33
0.497,34.25
0.4985,33.58
0.4993,31.8
2.026,85.91
2.277,91.72
2.298,90.29
2.308,91.04
2.465,86.98
6.399,127.5
9.845,127.9
10.24,126.7
10.44,127.8
13.42,123
14.63,128.2
15.28,113.2
50.47,126.9
62.87,126
71.43,124.2
73.15,124.4
93.06,120.3
102.4,127.3
127.2,128.5
146.3,118.6
202.9,124.5
END
$update2 << END
0.09771,3.936
0.09938,13.57
0.09992,9.992
0.09995,9.726
0.09999,4.02
0.1245,19.45
0.1245,20.14
1.839,54.88
2.666,111.7
3.12,102.9
3.161,94.27
3.18,64.74
3.523,123.4
3.523,124.9
3.699,77.4
3.987,79.99
4.145,81.22
4.518,77.82
9.845,128.6
12.19,130.8
13.79,131.2
15.37,130.5
15.37,130.7
20.23,129.9
20.23,129.1
21.25,123.4
23.27,122.1
23.93,129
23.93,131.4
24.38,121.2
36.32,120.5
42.67,124.2
46.55,122.1
49.67,128.1
55.56,122.3
71.91,126.3
83.64,128.7
END
$forward3 << END
0.4482,9.846
0.4847,26.54
0.4917,33.71
0.4919,33.7
0.498,33.65
0.499,30.16
0.4996,30.41
3.405,121.2
4.183,159.5
4.253,162.5
4.287,170.8
4.859,162.7
7.998,173
10.38,251
10.38,248.1
14.18,236.5
14.22,183.1
15.06,183
15.06,250.5
15.5,186.9
15.51,239.4
24.03,255.9
24.04,255.2
26.52,256
26.53,256.6
27.94,255.3
27.94,259.8
63.24,242.6
83.99,246.9
85.34,251.1
100,255.4
102.4,246.5
118.9,244.9
128,256.9
169.2,264.2
170.6,247.8
253,241
END
$backward3 << END
0.4113,10.56
0.4777,32.09
0.497,35.41
0.4985,30.55
0.4993,31.21
2.026,118.3
2.277,153.5
2.298,166.7
2.308,177.6
2.465,82.86
6.399,231.1
9.845,247.2
10.24,252.3
10.44,252.9
13.42,247.5
14.63,241.8
15.28,243.8
50.47,255.7
62.87,255.2
71.43,250.9
73.15,252.7
93.06,245.9
102.4,255.2
127.2,263.7
146.3,247.3
202.9,243.9
END
$update3 << END
0.09771,5.383
0.09938,10.88
0.09992,5.316
0.09995,15.51
0.09999,4.903
0.1245,26.69
0.1245,27.73
1.839,87.82
2.666,185.2
3.12,103.6
3.161,124
3.18,93.23
3.523,240.3
3.523,241.2
3.699,141.2
3.987,150
4.145,153.6
4.518,151.8
9.845,241.6
12.19,246.3
13.79,253.2
15.37,257.6
15.37,261.4
20.23,259.1
20.23,252
21.25,225.2
23.27,231.7
23.93,252
23.93,263
24.38,228.5
36.32,244.3
42.67,242.9
46.55,242.4
49.67,236.6
55.56,249.5
71.91,253.8
83.64,256.8
END
set logscale xy
set samples 1000
set key below maxcols 3
set xlabel "operations per byte that a call reads and writes\n"
set ylabel "GFLOP/s, whole verb"
set format x "%g"
set xrange [0.06514:379.5]
set yrange [2.605:868]
set terminal svg size 1240,1140 font 'DejaVu Sans,14' background 'white'
set output "AuthenticAMD-26-2-1.svg"
set multiplot layout 2,2
set title "avx512, 1 thread"
plot x < 0.52254 ? 528 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 528 GB/s", \
    x < 1.0443 ? 264.2 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 264 GB/s", \
    x < 6.4193 ? 42.98 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 43 GB/s", \
    x >= 0.52254 ? 275.9 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 276 GFLOP/s", \
    $forward0 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward0 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update0 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx512, 2 threads"
plot x < 0.53082 ? 1022 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 1,022 GB/s", \
    x < 1.0267 ? 528.4 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 528 GB/s", \
    x < 10.88 ? 49.86 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 50 GB/s", \
    x >= 0.53082 ? 542.5 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 542 GFLOP/s", \
    $forward1 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward1 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update1 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 1 thread"
plot x < 0.31049 ? 448 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 448 GB/s", \
    x < 0.57838 ? 240.5 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 241 GB/s", \
    x < 3.2676 ? 42.57 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 43 GB/s", \
    x >= 0.31049 ? 139.1 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 139 GFLOP/s", \
    $forward2 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward2 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update2 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 2 threads"
plot x < 0.32331 ? 871 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 871 GB/s", \
    x < 0.55652 ? 506 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 506 GB/s", \
    x < 6.1032 ? 46.14 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 46 GB/s", \
    x >= 0.32331 ? 281.6 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 282 GFLOP/s", \
    $forward3 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward3 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update3 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
unset multiplot
set terminal pngcairo size 2480,2280 font 'DejaVu Sans,14' background 'white' fontscale 2 linewidth 2 pointscale 2
set output "AuthenticAMD-26-2-1.png"
set multiplot layout 2,2
set title "avx512, 1 thread"
plot x < 0.52254 ? 528 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 528 GB/s", \
    x < 1.0443 ? 264.2 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 264 GB/s", \
    x < 6.4193 ? 42.98 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 43 GB/s", \
    x >= 0.52254 ? 275.9 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 276 GFLOP/s", \
    $forward0 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward0 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update0 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx512, 2 threads"
plot x < 0.53082 ? 1022 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 1,022 GB/s", \
    x < 1.0267 ? 528.4 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 528 GB/s", \
    x < 10.88 ? 49.86 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 50 GB/s", \
    x >= 0.53082 ? 542.5 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 542 GFLOP/s", \
    $forward1 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward1 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update1 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 1 thread"
plot x < 0.31049 ? 448 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 448 GB/s", \
    x < 0.57838 ? 240.5 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 241 GB/s", \
    x < 3.2676 ? 42.57 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 43 GB/s", \
    x >= 0.31049 ? 139.1 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 139 GFLOP/s", \
    $forward2 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward2 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update2 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
set title "avx2, 2 threads"
plot x < 0.32331 ? 871 * x : 1/0 with lines lw 1.5 dt 1 lc rgb "#555555" title "L1 871 GB/s", \
    x < 0.55652 ? 506 * x : 1/0 with lines lw 1.5 dt 2 lc rgb "#555555" title "L2 506 GB/s", \
    x < 6.1032 ? 46.14 * x : 1/0 with lines lw 1.5 dt 3 lc rgb "#555555" title "memory 46 GB/s", \
    x >= 0.32331 ? 281.6 : 1/0 with lines lw 2.5 lc rgb "#000000" title "FMA 282 GFLOP/s", \
    $forward3 using 1:2 with points pt 7 ps 0.9 lc rgb colour[1] title "forward", \
    $backward3 using 1:2 with points pt 5 ps 0.9 lc rgb colour[2] title "backward", \
    $update3 using 1:2 with points pt 9 ps 0.9 lc rgb colour[3] title "update"
unset multiplot
