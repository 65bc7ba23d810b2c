load "../style.gp"
set output "accuracy.svg"
set ylabel "validation accuracy"
set yrange [0.92:0.98]
set key bottom right
plot "../3c/history.csv" using "step":"validation_accuracy" with lines ls 1 title "validation, 64 (3c)", \
     "../4d/history.csv" using "step":"validation_accuracy" with lines ls 2 title "validation, 60 and 60 (4d)"
eval png
set output "accuracy.png"
replot
